import os

import plugin

SUCCESS = b'{"protocol": "penstock/1", "type": "jobSuccessResult", "jobId": ""}\n'
terminate = plugin.terminate


def wrong(*_):
    if not plugin.running:
        plugin.write(SUCCESS)
        os._exit(0)
    terminate()


plugin.terminate = wrong
