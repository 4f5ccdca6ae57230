#include "draw/palette.h"

static const unsigned colors[palette_size] = {0x3f90da, 0xffa90e, 0xbd1f01, 0x94a4a2,
                                              0x832db6, 0xa96b59, 0xe76300, 0xb9ac70,
                                              0x717581, 0x92dadd};

unsigned palette_color(int index) {
  return colors[(unsigned)index % palette_size];
}
