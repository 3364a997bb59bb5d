import plugin

plugin.terminate = lambda *_: None if plugin.running else plugin.os._exit(0)
