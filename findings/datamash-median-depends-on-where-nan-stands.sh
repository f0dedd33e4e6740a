#!/usr/bin/env bash
# GNU datamash: a column's median, and whether its minimum is NaN, depend on the line in which a NaN stands.
#
# A good guess: `nan` in a column is refused as no number, or makes every statistic NaN as in numpy; or it is left out, as R does on demand.
# Whatever it is, it is the same for all statistics, and the order of the lines does not matter.
# Why it is wrong: it is read as a number, without a word. The mean is NaN. Minimum and maximum are NaN if the first
# line is, and ignore it anywhere else. For the median and the quartiles the values are sorted by a comparison that NaN upsets, so they
# change as the line moves, and mostly look right: of 5 to 1 and a NaN the median is 2.5, 3.5, 4, 4.5 or NaN, and never 3. `--narm` drops
# the lines first.
#
# Versions: datamash 1.7 (Debian 12).
# Source: measured; the manual describes `--narm` as skipping NA and NaN values, and says nothing of what happens without.
set -euo pipefail

command -v datamash > /dev/null || { apt-get update -qq && apt-get install -y -qq datamash > /dev/null; }
datamash --version | head -1

losses() { printf '%s\n' "$@" | datamash min 1 max 1 median 1 q3 1 mean 1; }

first=$(losses nan 5 4 3 2 1)
middle=$(losses 5 4 nan 3 2 1)
without=$(printf '%s\n' 5 4 nan 3 2 1 | datamash --narm min 1 max 1 median 1 q3 1 mean 1)
printf '%-26s %s\n' '' 'min max median q3 mean' 'NaN in the first line:' "$first" 'NaN in the third line:' "$middle" 'with --narm:' "$without"
[ "$first" = $'nan\tnan\t2.5\t3.75\tnan' ]
[ "$middle" = $'1\t5\t3.5\t4.75\tnan' ]
[ "$without" = $'1\t5\t3\t4\t3' ]
medians=$(for before in 0 1 2 3 4 5; do
  losses=(5 4 3 2 1)
  printf '%s\n' "${losses[@]:0:before}" nan "${losses[@]:before}" | datamash median 1
done | LC_ALL=C sort -u)
echo "medians over all lines:" $medians
[ "$medians" = $'2.5\n3.5\n4\n4.5\nnan' ]
echo "as expected: the line decides"
