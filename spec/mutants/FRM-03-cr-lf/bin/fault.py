import plugin

write = plugin.write


def wrong(line):
    write(line[:-1] + b"\r\n")


plugin.write = wrong
