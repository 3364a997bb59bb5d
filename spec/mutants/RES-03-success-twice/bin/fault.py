import plugin

write = plugin.write


def wrong(line):
    write(line + line if b"jobSuccessResult" in line else line)


plugin.write = wrong
