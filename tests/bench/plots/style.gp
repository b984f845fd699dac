# SPDX-License-Identifier: Apache-2.0
# style.gp: what all charts have in common.
# Expects path, title, subtitle, and height in pixels.
red = "#c4372c"
grey = "#9aa3ad"
dark_grey = "#6e7781"
ink = "#24292f"
from_top(pixels) = 1 - pixels / height
number(value) = sprintf(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)

set encoding utf8
set terminal svg size 860, height noenhanced background "#ffffff" font "Helvetica, Arial, DejaVu Sans, sans-serif,12"
set output path
set datafile separator "\t"
set border 0
set tics nomirror scale 0 textcolor rgb dark_grey
set grid linetype 1 linewidth 1 linecolor rgb "#e3e6ea"
set label 1 title at screen 0.02, screen from_top(23.0) font ",17" textcolor rgb ink
set label 2 subtitle at screen 0.02, screen from_top(45.0) textcolor rgb dark_grey
set key at screen 0.01, screen from_top(56.0) left top horizontal Left reverse samplen 2 width 2
set style fill solid noborder
