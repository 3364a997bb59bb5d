import plugin


class Wrong(plugin.Job):
    def __init__(self, message):
        super().__init__(message)
        self.place = self.root.encode("ascii")


plugin.Job = Wrong
