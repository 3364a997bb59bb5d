import plugin

write = plugin.write


def wrong(line):
    if b'"progress"' in line:
        # As if two threads had said the same at once.
        line = line[:30] + line[:30] + line[30:] + line[30:]
    write(line)


plugin.write = wrong
