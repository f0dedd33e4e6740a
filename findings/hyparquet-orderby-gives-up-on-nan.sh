#!/usr/bin/env bash
# One NaN in a column, and hyparquet's parquetQuery({orderBy}) gives the rows in an order that is none.
#
# A good guess: sorting by a metric puts the NaN rows to one end, as SQL engines and data frames do, and the finite values
# between them are sorted in any case. The rows asked for with rowEnd are the smallest.
# Why it is wrong: two rows are compared with < and >, and when neither holds they count as equal. A NaN is so equal to every
# number, 3 is equal to NaN and NaN to 1, and the sort, which trusts comparisons to be consistent, leaves unsorted
# stretches between the NaNs. "The two best steps" of a run with a diverged step are then just any two; which ones depends on
# where the NaNs are. Missing values (null) are treated on their own and do no harm.
#
# Versions: hyparquet 1.33.0, hyparquet-writer 0.17.0, Node.js 20.
# Source: the comparison in src/query.js of hyparquet; its README describes orderBy without a word on NaN.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund hyparquet@1.33.0 hyparquet-writer@0.17.0 > /dev/null

cat > check.mjs <<'JAVASCRIPT'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parquetQuery } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version
const history = (loss) => parquetWriteBuffer({
  columnData: [
    { name: '_step', data: loss.map((_, step) => step), type: 'INT32' },
    { name: 'loss', data: loss, type: 'DOUBLE', nullable: true },
  ],
})
const query = async (loss, options) =>
  (await parquetQuery({ file: history(loss), columns: ['_step', 'loss'], orderBy: 'loss', ...options })).map((row) => row.loss)

const diverged = [3, NaN, 1, 2, NaN, 0.5]
const gaps = diverged.map((loss) => (Number.isNaN(loss) ? null : loss))
const all = await query(diverged)
const best = await query(diverged, { rowEnd: 2 })
const withGaps = (await query(gaps)).filter((loss) => loss !== null && loss !== undefined)
console.log('hyparquet', version('hyparquet'))
console.log('losses:                    ', diverged.join(' '))
console.log("orderBy: 'loss':           ", all.join(' '))
console.log('  and rowEnd: 2:           ', best.join(' '))
console.log('null in place of NaN:      ', withGaps.join(' '))
assert.deepEqual(all, diverged)
assert.deepEqual(best, [3, NaN])
assert.deepEqual(withGaps, [0.5, 1, 2, 3])
console.log('as expected: the order is that of the file')
JAVASCRIPT
node check.mjs
