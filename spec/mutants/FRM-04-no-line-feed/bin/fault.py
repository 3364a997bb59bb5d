import plugin

write = plugin.write


def wrong(line):
    write(line[:-1] if b"Result" in line else line)


plugin.write = wrong
