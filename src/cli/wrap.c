#include "cli/wrap.h"

#include <stdio.h>
#include <string.h>

void print_wrapped(const char *text, int indent) {
  int column = indent;
  for (int length; *text; text += length, text += strspn(text, " ")) {
    length = (int)strcspn(text, " ");
    if (column > indent && column + 1 + length >= 80) {
      printf("\n%*s", indent, "");
      column = indent;
    }
    column += printf(column > indent ? " %.*s" : "%.*s", length, text);
  }
  putchar('\n');
}
