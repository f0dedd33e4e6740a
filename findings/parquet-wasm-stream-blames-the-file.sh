#!/usr/bin/env bash
# parquet-wasm calls a sound Parquet file corrupt when the server signs its links for GET only; its other reader does not.
#
# A good guess: readParquetStream(url) and ParquetFile.fromUrl(url) of one package fetch in the same way; and if a request is
# refused, the error tells the HTTP status.
# Why it is wrong: fromUrl asks for the last bytes of the file and needs nothing else, so it works with the signed links of
# object stores (for which W&B's links to exported histories are an example), where any other method than GET is refused.
# readParquetStream first sends HEAD to learn the length, does not look at the status, takes the length of the error page
# for that of the file, and reads the footer there. What is reported is a corrupt footer: a reason to export the run again,
# where another function of the package would do.
#
# Versions: parquet-wasm 0.8.0, hyparquet-writer 0.17.0 (writes the file), Node.js 20.
# Source: found by watching the requests; the README offers both functions for remote files.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund parquet-wasm@0.8.0 hyparquet-writer@0.17.0 > /dev/null

cat > check.mjs <<'JAVASCRIPT'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import init, { ParquetFile, readParquetStream } from 'parquet-wasm/esm'
import { parquetWriteBuffer } from 'hyparquet-writer'

await init({ module_or_path: readFileSync('node_modules/parquet-wasm/esm/parquet_wasm_bg.wasm') })
const rows = 1000
const column = (name, type, value) => ({ name, type, data: Array.from({ length: rows }, (_, step) => value(step)) })
const file = Buffer.from(parquetWriteBuffer({
  columnData: [column('_step', 'INT32', (step) => step), column('loss', 'DOUBLE', (step) => 1 / (step + 1))],
}))
const requests = []
const server = createServer((request, response) => {
  const signedForGet = request.url.endsWith('?signature=any') || request.method === 'GET'
  requests.push(`${request.method} ${request.headers.range ?? ''}`.trim())
  if (!signedForGet) {
    const page = '<Error><Code>SignatureDoesNotMatch</Code></Error>'
    return response.writeHead(403, { 'Content-Length': page.length }).end(request.method === 'HEAD' ? undefined : page)
  }
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range) return response.writeHead(200, { 'Content-Length': file.length }).end(request.method === 'HEAD' ? undefined : file)
  const start = range[1] ? Number(range[1]) : Math.max(0, file.length - Number(range[2]))
  const stop = range[1] && range[2] ? Math.min(file.length - 1, Number(range[2])) : file.length - 1
  const part = file.subarray(start, stop + 1)
  response.writeHead(206, { 'Content-Length': part.length, 'Content-Range': `bytes ${start}-${stop}/${file.length}` }).end(part)
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const url = `http://127.0.0.1:${server.address().port}/0000.parquet?signature=get`

const version = JSON.parse(readFileSync('node_modules/parquet-wasm/package.json')).version
console.log('parquet-wasm', version, 'Node.js', process.version)
const found = (await ParquetFile.fromUrl(url)).metadata().fileMetadata().numRows()
const asked = requests.splice(0)
console.log('ParquetFile.fromUrl:  ', found, 'rows;', asked.join(', '))
const stream = async (link) => {
  let read = 0
  for await (const batch of await readParquetStream(link)) {
    read += batch.numRows
    batch.free()
  }
  return read
}
const allowed = await stream(url.replace('=get', '=any'))
requests.splice(0)
let message = ''
try {
  await stream(url)
} catch (error) {
  message = String(error)
}
console.log('readParquetStream:    ', allowed, 'rows where HEAD is allowed too, else:', message, ';', requests.join(', '))
assert.equal(found, rows)
assert.equal(allowed, rows)
assert.ok(asked.every((request) => request.startsWith('GET')), asked)
assert.match(message, /Corrupt footer/)
assert.equal(requests[0], 'HEAD')
console.log('as expected: one reads the file, the other calls it corrupt')
process.exit(0)
JAVASCRIPT
node check.mjs
