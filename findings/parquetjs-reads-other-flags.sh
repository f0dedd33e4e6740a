#!/usr/bin/env bash
# @dsnp/parquetjs gives other booleans than the file holds, if its data pages are of version 2.
#
# A good guess: the maintained fork of parquetjs reads version 2 data pages (it reads numbers, text and lists out of them), and
# what it does not know it refuses by name, as it does with zstd, DELTA_BINARY_PACKED or BYTE_STREAM_SPLIT.
# Why it is wrong: in version 2 pages pyarrow writes booleans as run lengths, and as values (unlike as levels) these begin with
# four bytes for their length. The reader takes that length for runs, and gives flags that were never logged, without an error:
# three flags true, false, true come out as three times false. A logged `flag`, `is_best` or `done` is so turned into
# another one, while all other columns of the same row are right, and files with version 1 pages as well.
#
# Versions: @dsnp/parquetjs 1.8.8, Node.js 20, pyarrow 26.0.1 (writes the files, and to compare with), Python 3.11.
# Source: the Parquet format's page on encodings says for which data the length stands before the runs; found by reading the
# same columns in both versions of data pages.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" pyarrow==26.0.1
npm init -y > /dev/null
npm install --silent --no-audit --no-fund @dsnp/parquetjs@1.8.8 > /dev/null

./venv/bin/python - <<'PYTHON'
import pyarrow as pa
import pyarrow.parquet as pq

for name, flags in (("three", [True, False, True]), ("forty", [step % 4 == 0 for step in range(40)])):
    history = pa.table({"_step": pa.array(range(len(flags)), pa.int32()), "is_best": flags, "loss": [0.5] * len(flags)})
    for version in ("1.0", "2.0"):
        file = f"{name}-{version}.parquet"
        pq.write_table(history, file, data_page_version=version)
        assert pq.read_table(file)["is_best"].to_pylist() == flags
PYTHON
cat > check.mjs <<'JAVASCRIPT'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import parquet from '@dsnp/parquetjs'

const read = async (file) => {
  const reader = await parquet.ParquetReader.openFile(file)
  const cursor = reader.getCursor()
  const rows = []
  for (let row = await cursor.next(); row; row = await cursor.next()) rows.push(row)
  await reader.close()
  assert.deepEqual(rows.map((row) => row._step), rows.map((_, step) => step))
  assert.ok(rows.every((row) => row.loss === 0.5))
  return rows.map((row) => row.is_best)
}
console.log('@dsnp/parquetjs', JSON.parse(readFileSync('node_modules/@dsnp/parquetjs/package.json')).version)
const short = [await read('three-1.0.parquet'), await read('three-2.0.parquet')]
console.log('written true,false,true: version 1 pages', short[0].join(), '  version 2 pages', short[1].join())
const long = [await read('forty-1.0.parquet'), await read('forty-2.0.parquet')]
const wrong = long[1].filter((flag, step) => flag !== (step % 4 === 0)).length
console.log('of 40 flags:', wrong, 'are wrong in version 2 pages')
assert.deepEqual(short[0], [true, false, true])
assert.deepEqual(short[1], [false, false, false])
assert.deepEqual(long[0], long[0].map((_, step) => step % 4 === 0))
assert.ok(wrong > 0)
console.log('as expected: other flags, no error')
JAVASCRIPT
node check.mjs
