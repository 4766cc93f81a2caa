"""Reads TOML from stdin and writes it as JSON, so that files are read by another library than broker's."""

import json
import sys
import tomllib

json.dump(tomllib.load(sys.stdin.buffer), sys.stdout)
