#!/usr/bin/env bash
# fastparquet reads two files of a history by their relative paths; with a third one it raises KeyError.
#
# A good guess: ParquetFile([...]) takes as many files as there are, whether their paths are relative or absolute.
# Why it is wrong: from three files on, it fetches the footers of all but the first in one go through fsspec and looks the
# answers up by the paths it was given. fsspec answers with absolute paths, so relative ones are not found. A history that
# is still short (0000.parquet and 0001.parquet) works, and a longer one of the same run fails with nothing but a file's
# name as the message. Absolute paths, the folder's name, or verify=True, which takes the older way, all work.
#
# Versions: fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1 (writes the files), Python 3.11.
# Source: metadata_from_many in fastparquet/util.py, where the number of files decides between two ways.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m uv venv -q "$work/venv"
python3 -m uv pip install -q --python "$work/venv/bin/python" fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1

cat > "$work/check.py" <<'PYTHON'
import pathlib

import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq

files = []
for number in range(3):
    files.append(f"history/{number:04}.parquet")
    pathlib.Path(files[-1]).parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"_step": [2 * number, 2 * number + 1], "loss": [1.0, 0.5]}), files[-1])


def steps(*arguments, **options) -> list[int] | str:
    try:
        return fastparquet.ParquetFile(*arguments, **options).to_pandas()["_step"].tolist()
    except KeyError as error:
        return f"KeyError: {error}"


absolute = [str(pathlib.Path(file).absolute()) for file in files]
two, three = steps(files[:2]), steps(files)
print("fastparquet", fastparquet.__version__)
print("two files:                       ", two)
print("three files:                     ", three)
print("three files, absolute paths:     ", steps(absolute))
print("three files, verify=True:        ", steps(files, verify=True))
print("their folder:                    ", steps("history"))
assert two == [0, 1, 2, 3], two
assert three == "KeyError: 'history/0001.parquet'", three
assert steps(absolute) == steps(files, verify=True) == steps("history") == [0, 1, 2, 3, 4, 5]
print("as expected: the third file makes relative paths fail")
PYTHON
./venv/bin/python check.py
