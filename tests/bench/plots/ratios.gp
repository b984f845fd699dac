# SPDX-License-Identifier: Apache-2.0
# ratios.gp: one bar per workload, with its target and a line for hiredis.
# Columns of $table: label, ratio, target (0: none).
height = 135 + 26 * rows
load "style.gp"
set lmargin at screen 0.38
set rmargin at screen 0.97
set tmargin at screen from_top(80.0)
set bmargin at screen from_top(height - 52.0)
set yrange [rows - 0.4 : -0.6]
set xrange [0 : *]
set offsets 0, graph 0.06, 0, 0
set grid noytics xtics
set ytics textcolor rgb ink
set xlabel unit offset 0, 0.4 textcolor rgb dark_grey
set arrow from 1, graph 0 to 1, graph 1 nohead dashtype 2 linecolor rgb ink front

plot $table using 2:0:(0):2:($0 - 0.28):($0 + 0.28):yticlabel(1) with boxxyerror linecolor rgb red title "Redstart", \
  "" using ($3 > 0 ? $3 : NaN):($0 - 0.4):(0):(0.8) with vectors nohead linewidth 2.5 linecolor rgb ink title "target", \
  "" using ($2 < $3 ? $3 : $2):0:(number($2)) with labels left offset 0.7, 0 font ",11" notitle
