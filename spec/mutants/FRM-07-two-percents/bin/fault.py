import plugin

write = plugin.write


def wrong(line):
    write(line.replace(b'"percentComplete": 50', b'"percentComplete": 50, "percentComplete": 60'))


plugin.write = wrong
