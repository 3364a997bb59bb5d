import os

import plugin


def wrong():
    text = ""
    while piece := os.read(0, 65536):
        text += piece.decode()
    return text.split("\n")


plugin.lines = wrong
