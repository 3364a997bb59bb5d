import plugin


class Wrong(plugin.Job):
    def __init__(self, message):
        super().__init__(message)
        (category, owner, provider, version) = message["data"]["actionTypeId"].values()


plugin.Job = Wrong
