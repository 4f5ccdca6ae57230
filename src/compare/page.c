#include "compare/page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/interrupt.h"
#include "cli/say.h"
#include "compare/cells.h"
#include "compare/chart.h"
#include "compare/portrait.h"
#include "draw/palette.h"

enum { most_chips = 30 };

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:\">\n"
    "<link rel=\"icon\" href=\"data:,\">\n<title>Comparison of feature maps</title>\n"
    "<style>\n"
    ":root{color-scheme:light}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1120px;padding:16px;background:#fff;color:#1c2126;"
    "font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
    "h1{font-size:1.5rem;line-height:1.2;margin:.4em 0}\n"
    "h2{font-size:1.15rem;margin:1.8em 0 .5em}\n"
    "h3{font-size:1rem;margin:0 0 .4em}\n"
    ".advice{border-left:5px solid #1f5fa8;background:#eef4fb;padding:.7em 1em;"
    "margin:1em 0;font-size:1.05rem}\n"
    ".from-files,.small{color:#4a525a;font-size:.9rem}\n"
    ".narrow{display:none}\n"
    "@media(max-width:700px){.narrow{display:block}}\n"
    ".box{overflow-x:auto;border:1px solid #d5dae0;border-radius:6px}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.35em .7em;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid #e6eaee}\n"
    "tr:last-child>*{border-bottom:0}\n"
    "thead th{background:#f2f5f8}\n"
    "th:first-child{text-align:left;position:sticky;left:0;background:#f2f5f8;"
    "min-width:8em;max-width:45vw;white-space:normal}\n"
    ".best{font-weight:700;background:#fff3cd}\n"
    ".better{color:#0b6130}.worse{color:#a11a1a}\n"
    ".cards{display:grid;gap:16px}\n"
    ".card{border:1px solid #d5dae0;border-radius:6px;padding:12px}\n"
    ".three{display:grid;gap:12px;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,260px),1fr))}\n"
    ".one{max-width:440px}\n"
    "figure{margin:0}\n"
    "figcaption{font-size:.85rem;color:#4a525a}\n"
    "svg{display:block;width:100%;height:auto;font:11px system-ui,sans-serif;"
    "fill:#3a424a}\n"
    ".axis{fill:none;stroke:#8a939c}.bars{fill:#3f7fc0}\n"
    ".dots{fill:none;stroke-width:3.4;stroke-linecap:round;stroke-opacity:.7}\n"
    ".way{fill:none;stroke-width:1.6;stroke-opacity:.75}.from{fill:#fff}\n"
    ".chips{display:flex;flex-wrap:wrap;gap:4px 14px;padding:0;list-style:none}\n"
    ".chips i{display:inline-block;width:.8em;height:.8em;border-radius:50%;"
    "margin-right:.35em}\n"
    "dt{font-weight:600}dd{margin:0 0 .5em}\n"
    "</style></head>\n<body>\n";

static void put_words(FILE *out, const char *before, const char *text,
                      const char *after) {
  fputs(before, out);
  chart_text(out, text);
  fputs(after, out);
}

static void put_facts(FILE *out, const comparison *self) {
  char text[1024];
  fputs("<h1>Comparison of feature maps</h1>\n", out);
  put_words(out, "<p class=\"advice\">", self->advice, "</p>\n");
  tell_rows(text, sizeof text, &self->rows->train);
  put_words(out, "<p class=\"from-files\">Fitted to ", text, "<br>");
  tell_rows(text, sizeof text, &self->rows->test);
  put_words(out, "tested on ", text, "<br>");
  tell_sampling(text, sizeof text, self);
  put_words(out, "", text, ".</p>\n");
  tell_shared(text, sizeof text, self->rows);
  if (text[0]) put_words(out, "<p><strong>", text, ".</strong></p>\n");
}

/* ---- tables ---- */

static void put_cell(FILE *out, const cell *at) {
  static const char *const classes[] = {"",
                                        " class=\"best\" title=\"best of the column\"",
                                        " class=\"better\"", " class=\"worse\""};
  static const char *const signs[] = {"", "", " &#9650;", " &#9660;"};
  fprintf(out, "<td%s>", classes[at->mark]);
  chart_text(out, at->text);
  fprintf(out, "%s</td>", signs[at->mark]);
}

static void put_head(FILE *out, const grid *table) {
  fputs("<thead><tr><th scope=\"col\">method</th>", out);
  for (size_t c = 1; c < table->columns; c++) {
    put_words(out, "<th scope=\"col\" title=\"", column_about(table->shown[c - 1])->about,
              "\">");
    put_words(out, "", cells_at(table, 0, c)->text, "</th>");
  }
  fputs("</tr></thead>\n<tbody>", out);
}

static void put_table(FILE *out, const grid *table) {
  put_words(out, "<h2>", table->title, "</h2>\n");
  put_words(out, "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"",
            table->title, "\"><table>");
  put_head(out, table);
  for (size_t r = 1; r < table->rows; r++) {
    put_words(out, "<tr><th scope=\"row\">", cells_at(table, r, 0)->text, "</th>");
    for (size_t c = 1; c < table->columns; c++)
      put_cell(out, cells_at(table, r, c));
    fputs("</tr>\n", out);
  }
  fputs("</tbody></table></div>\n", out);
}

static int put_tables(FILE *out, const comparison *self) {
  fputs("<p class=\"small narrow\">The tables are wider than this window: push them "
        "sideways.</p>\n",
        out);
  for (size_t i = 0; i < grid_count; i++) {
    grid table;
    try_status(cells_make(&table, self->all, i));
    put_table(out, &table);
    cells_free(&table);
  }
  fputs(
      "<p class=\"small\">Best of a column on yellow. &#9650; better and &#9660; worse "
      "than none by more than chance, all methods taken together; what has no such sign "
      "may be chance.</p>\n",
      out);
  return status_ok;
}

static void put_notes(FILE *out, const comparison *self) {
  size_t count = 0;
  for (size_t i = 0; i < self->all->count; i++) {
    const entrant *of = &self->all->entrants[i];
    if (!of->note[0]) continue;
    if (count++ == 0) fputs("<h2>Remarks</h2>\n<ul>", out);
    put_words(out, "<li>", of->name, ": ");
    put_words(out, "", of->note, "</li>\n");
  }
  if (count > 0) fputs("</ul>\n", out);
}

static void put_glossary(FILE *out) {
  fputs("<h2>What the columns are</h2>\n<dl>", out);
  for (size_t c = 0; c < column_count; c++) {
    put_words(out, "<dt>", column_about((column)c)->head, "</dt>");
    put_words(out, "<dd>", column_about((column)c)->about, "</dd>\n");
  }
  fputs("</dl>\n", out);
}

/* ---- pictures ---- */

static void put_chips(FILE *out, size_t classes) {
  fputs("<ul class=\"chips\" aria-label=\"colours of the classes\">", out);
  for (size_t c = 0; c < classes && c < most_chips; c++)
    fprintf(out, "<li><i style=\"background:#%06x\"></i>%zu</li>", palette_color((int)c),
            c);
  if (classes > most_chips) fputs("<li>and so on</li>", out);
  fputs("</ul>\n", out);
}

static int put_cards(FILE *out, const comparison *self) {
  fputs("<h2>Before and after</h2>\n<p class=\"small\">Test rows in the plane of their "
        "first two principal coordinates; their singular values; and how often each is "
        "among the 10 nearest of another. &quot;none&quot; is before.</p>\n",
        out);
  put_chips(out, self->rows->classes);
  fputs("<div class=\"cards\">\n", out);
  for (size_t i = 0; i < self->all->count; i++) {
    const entrant *of = &self->all->entrants[i];
    if (!of->mapped) continue;
    put_words(out, "<section class=\"card\"><h3>", of->name,
              "</h3><div class=\"three\">\n");
    try_status(portrait_draw(out, self->rows, of));
    fputs("</div></section>\n", out);
    if (interrupt_seen()) return say_failed("interrupted, the page was not written");
  }
  fputs("</div>\n", out);
  return status_ok;
}

static int put_ways(FILE *out, const comparison *self) {
  bool drawn = false;
  fputs("<h2>Along the flow</h2>\n<div class=\"one\">", out);
  for (size_t i = 0; i < self->all->count && !drawn; i++)
    try_status(portrait_ways(out, self->rows, &self->all->entrants[i], &drawn));
  if (!drawn)
    fputs("<p>There is no flow to follow: no method compared is a Poisson map with a "
          "strength.</p>",
          out);
  fputs("</div>\n", out);
  return status_ok;
}

static int put_page(FILE *out, const comparison *self) {
  fputs(head, out);
  put_facts(out, self);
  try_status(put_tables(out, self));
  put_notes(out, self);
  try_status(put_cards(out, self));
  try_status(put_ways(out, self));
  put_glossary(out);
  fprintf(out,
          "<p class=\"small\">Made by pflow compare, libpflow %s.</p>\n</body></html>\n",
          pflow_version());
  return status_ok;
}

int page_write(const comparison *self, const char *path) {
  char *bytes = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&bytes, &size);
  if (!out) return say_failed("%s: %s", path, strerror(errno));
  int status = put_page(out, self);
  const bool short_of_memory = ferror(out) != 0;
  const bool closed = fclose(out) == 0; /* glibc's may leave no bytes and say nothing */
  if (status == status_ok && (short_of_memory || !closed || !bytes))
    status = say_failed("%s: %s", path, strerror(ENOMEM));
  if (status == status_ok) status = say_result(pflow_file_write(path, bytes, size));
  free(bytes);
  return status;
}
