import plugin

write = plugin.write


def wrong(line):
    if b'"progress"' in line:
        line = line.decode().encode("latin-1")
    write(line)


plugin.write = wrong
