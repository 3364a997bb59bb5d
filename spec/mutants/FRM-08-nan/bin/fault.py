import plugin

write = plugin.write


def wrong(line):
    write(line.replace(b'"percentComplete": 50', b'"percentComplete": NaN'))


plugin.write = wrong
