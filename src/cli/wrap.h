/*
 * wrap.h - text for people, in lines of a terminal's width.
 */
#ifndef CLI_WRAP_H
#define CLI_WRAP_H

/* Prints text from a column on to the end of the line, broken between words before column
 * 80; the lines that follow begin at the same column. */
void print_wrapped(const char *text, int indent);

#endif
