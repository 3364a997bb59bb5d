import plugin

write = plugin.write


def wrong(line):
    write(line.replace(b'"percentComplete": 50', b'"percentComplete": 101'))


plugin.write = wrong
