# SPDX-License-Identifier: Apache-2.0
# pairs.gp: for each workload one bar of hiredis and one of Redstart.
# Columns of $table: label, hiredis, Redstart.
height = 135 + 44 * rows
load "style.gp"
set lmargin at screen 0.2
set rmargin at screen 0.97
set tmargin at screen from_top(80.0)
set bmargin at screen from_top(height - 52.0)
set yrange [rows - 0.5 : -0.5]
set xrange [0 : *]
set offsets 0, graph 0.06, 0, 0
set grid noytics xtics
set ytics textcolor rgb ink
set xlabel unit offset 0, 0.4 textcolor rgb dark_grey

plot $table using 2:0:(0):2:($0 - 0.34):($0 - 0.02):yticlabel(1) with boxxyerror linecolor rgb grey title "hiredis", \
  "" using 3:0:(0):3:($0 + 0.02):($0 + 0.34) with boxxyerror linecolor rgb red title "Redstart", \
  "" using 2:($0 - 0.18):(number($2)) with labels left offset 0.7, 0 font ",11" notitle, \
  "" using 3:($0 + 0.18):(number($3)) with labels left offset 0.7, 0 font ",11" notitle
