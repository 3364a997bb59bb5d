import os

import plugin

plugin.lines = lambda: [os.read(0, 1 << 20)]
