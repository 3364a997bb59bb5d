import sys

import plugin

plugin.lines = lambda: iter(lambda: sys.stdin.buffer.readline(65536), b"")
