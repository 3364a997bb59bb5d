import plugin

write = plugin.write


def wrong(line):
    write(line.replace(b'": "Greeting', b'": "\\ud83c Greeting'))


plugin.write = wrong
