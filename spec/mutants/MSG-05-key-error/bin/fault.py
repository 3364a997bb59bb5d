import plugin


class Wrong(plugin.Job):
    def __init__(self, message):
        super().__init__(message)
        self.secrets = message["secretConfigurationKeys"]
        self.pipeline = message["data"]["pipelineContext"]["pipelineExecutionId"]


plugin.Job = Wrong
