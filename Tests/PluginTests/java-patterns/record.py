#!/usr/bin/python3
"""Makes patterns and texts, asks Java (17 or newer) what it makes of them, and writes answers.json anew."""

import json
import os
import random
import subprocess

FOLDER = os.path.dirname(os.path.abspath(__file__))
CHOSEN = {"1": 500, "0": 500, "E": 200}
LITERALS = r"a b c A B 0 _ - : \. \- \n \x61 \u0062 \x{63} \0101 é \u00e9 \Qa.\E \Q\E } ] \\ \{ & \e".split()
LITERALS += list("abc" * 7)
MEMBERS = r"a b A 0 a-c 0-9 A-Z \d \w \s \D \W \S \- \] \[ é \p{L} \p{Lower} \P{Alpha} \pN".split()
MEMBERS += r"- ^ & && [b] \b \Q . # $ |".split()
ATOMS = r". . . \d \w \s \D \W \S \p{Lu} \P{L} \p{Alnum} \p{IsL} \p{javaLowerCase} \h \R \X \v".split()
PLACES = r"^ $ \A \z \Z \b \B \G \1 \2 \k<n> \11 \0".split()
GROUPS = "( ( (?: (?: (?= (?! (?<= (?<! (?> (?<n> (?i: (?s: (?i)( (?s)( (?m)( (?x)( (?-s: (?is-i: (?| (?#".split()
COUNTS = "* + ? {2} {1,2} {0,3} {1,} * + ? {2} {1,2} {,2} {2,1} { **".split()
ALPHABETS = ["abc", "abcAB01 _-.", "ab\n", "ab\r\n\u2028\x85", "aéÉ😀k\u212a", "]}{\\#&$^(*:|\t\x1b"]


def pattern(chance, depth):
    return "|".join(
        "".join(atom(chance, depth) + count(chance) for _ in range(chance.randint(1, 4)))
        for _ in range(chance.choice([1, 1, 1, 2, 3]))
    )


def atom(chance, depth):
    kind = chance.random()
    if depth and kind < 0.3:
        return chance.choice(GROUPS) + pattern(chance, depth - 1) + ")"
    if kind < 0.45:
        return "[" + chance.choice(["", "^"]) + "".join(chance.choices(MEMBERS, k=chance.randint(1, 4))) + "]"
    return chance.choice(chance.choices([LITERALS, ATOMS, PLACES], [6, 2, 1])[0])


def count(chance):
    return chance.choice(COUNTS) + chance.choice(["", "", "?", "+"]) if chance.random() < 0.4 else ""


def pairs(chance):
    while True:
        made = pattern(chance, chance.randint(0, 3))
        if chance.random() < 0.5:
            made = f"(?s:.*)(?:{made}).*"
        if len(made) < 60:
            yield made, "".join(chance.choices(chance.choice(ALPHABETS), k=chance.randint(0, 6)))


def main():
    source = pairs(random.Random(7))
    made = list(dict.fromkeys(next(source) for _ in range(20_000)))
    lines = "".join(f"{pattern.encode().hex()} {text.encode().hex()}\n" for pattern, text in made)
    command = ["java", os.path.join(FOLDER, "Matching.java")]
    answers = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.split()
    left, chosen = dict(CHOSEN), []
    for (pattern_made, text), answer in zip(made, answers):
        if left[answer] > 0:
            left[answer] -= 1
            chosen.append(json.dumps([pattern_made, text, answer]))
    with open(os.path.join(FOLDER, "answers.json"), "w", encoding="ascii") as file:
        file.write("[\n" + ",\n".join(chosen) + "\n]\n")


if __name__ == "__main__":
    main()
