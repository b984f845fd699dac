# SPDX-License-Identifier: Apache-2.0
# lines.gp: two lines of Redstart and two of hiredis over a logarithmic size.
# Columns of $table: size, Redstart 1, Redstart 2, hiredis 1, hiredis 2 (NaN: not measured).
height = 420
load "style.gp"
set lmargin at screen 0.1
set rmargin at screen 0.97
set tmargin at screen from_top(70.0)
set bmargin at screen from_top(height - 60.0)
stats $table using 1 nooutput
set xrange [STATS_min / 1.2 : STATS_max * 1.2]
set logscale x
set yrange [0 : *]
set grid noxtics ytics back
set xtics textcolor rgb ink
set xlabel x_label textcolor rgb ink
set ylabel unit textcolor rgb dark_grey
set key at graph 0.02, graph 0.98 left top vertical Left reverse samplen 4
set style data linespoints
set pointsize 0.6

plot $table using 1:2:xticlabel(1) linewidth 2.2 pointtype 7 linecolor rgb red title name1, \
  "" using 1:3 linewidth 2.2 pointtype 6 dashtype 2 linecolor rgb red title name2, \
  "" using 1:4 linewidth 2.2 pointtype 7 linecolor rgb dark_grey title name3, \
  "" using 1:5 linewidth 2.2 pointtype 6 dashtype 2 linecolor rgb dark_grey title name4
