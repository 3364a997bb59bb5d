import plugin

write = plugin.write


def wrong(line):
    write(line.replace(b'"percentComplete": 50', b'"percentComplete": 12.5'))


plugin.write = wrong
