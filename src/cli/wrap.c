#include "cli/wrap.h"

#include <stdio.h>
#include <string.h>

enum { columns = 80 };

/* The next word, or of a list that is longer than a line as much as one holds. */
static int word_length(const char *text, int indent) {
  const int length = (int)strcspn(text, " ");
  if (indent + length < columns) return length;
  for (int cut = columns - indent - 1; cut > 0; cut--)
    if (text[cut - 1] == ',') return cut;
  return length;
}

void print_wrapped(const char *text, int indent) {
  int column = indent;
  while (*text) {
    const int length = word_length(text, indent);
    const int gap = column > indent ? 1 : 0;
    if (column > indent && column + gap + length >= columns) {
      printf("\n%*s", indent, "");
      column = indent;
      continue;
    }
    column += printf("%*s%.*s", gap, "", length, text);
    text += length;
    text += strspn(text, " ");
  }
  putchar('\n');
}
