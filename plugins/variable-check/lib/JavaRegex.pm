package JavaRegex;
# Java's regular expressions by Perl's engine: each construct that both know is written down anew as Perl means it, and
# every other is refused. README.md lists them.
use strict;
use utf8;
use warnings;

my $END = '[\n\r\x{85}\x{2028}\x{2029}]';  # Java: what ends a line
my $DOT = '[^\n\r\x{85}\x{2028}\x{2029}]';
my $FINAL_END = "(?!(?<=\\r)\\n)(?=(?:\\r\\n|$END)?\\z)";
my $POSIX = qr/Lower|Upper|ASCII|Alpha|Digit|Alnum|Punct|Graph|Print|Blank|Cntrl|XDigit|Space/;
my $CATEGORY = qr/L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?/;
my %CONTROL = (t => 9, n => 10, r => 13, f => 12, a => 7, e => 27);

# What is known while a pattern is read; `$_` is the pattern, and pos() is where it has been read to.
my (%seen, @open, %closed, %numbers, $groups, $dotall);

# Whether the pattern matches the whole text. Dies of a text that says what is wrong with the pattern.
sub matches {
    my ($pattern, $text) = @_;
    my $written = translated($pattern);
    die "\\b and \\B mean one thing before Java 19 and another since where a text has characters beyond ASCII\n"
        if $seen{boundary} && $text =~ /[^\x00-\x7f]/;
    my $regex = eval { no warnings; qr/\A(?:$written)\z/aa }
        or die 'Perl refuses it: ' . $@ =~ s/;? (?:marked by|in regex).*//sr . "\n";
    my $found = eval {
        use warnings FATAL => 'regexp';  # the engine warns when it gives up, and says that nothing matches
        $text =~ $regex ? 1 : 0;
    };
    return $found // die "the text is too long for it: a group would be repeated too often\n";
}

sub refuse { die sprintf("at character %d: %s\n", (pos() // 0) + 1, $_[0]) }

sub translated {
    local $_ = shift;
    (%seen, @open, %closed, %numbers) = ();
    ($groups, $dotall) = (0, 0);
    my ($out, $repeatable) = ('', 0);
    pos = 0;
    while (pos() < length) {
        if (/\G\\Q(.*?)(?:\\E|\z)/gcs) {
            my $literal = join '', map { literal(ord) } split //, $1;
            $repeatable = 1 if length $literal;
            $out .= $literal;
        } elsif (/\G(?=[*+?]|\{\d)/) {
            refuse('there is nothing here that can be repeated') if !$repeatable;
            $out .= quantifier($repeatable == 2);
            $repeatable = 0;
        } elsif (/\G\|/gc) {
            $out .= '|';
            $repeatable = 0;
        } else {
            ($out, $repeatable) = ($out . $_->[0], $_->[1]) for next_item();
        }
    }
    refuse('a ( has no )') if @open;
    my @apart = grep { $seen{$_} } 'beyond', 'property', 'reference';
    my %said = (beyond => 'characters beyond ASCII', property => '\p', reference => 'references to groups');
    die "(?i) together with $said{$apart[0]} is not the same in all versions of Java\n" if $seen{i} && @apart;
    return $out;
}

# One atom or assertion: what it is in Perl, and whether a quantifier may follow; 2 for a group.
sub next_item {
    return ['(?s:.)', 1] if $dotall && /\G\./gc;
    return [$DOT, 1] if /\G\./gc;
    return ['\A', 0] if /\G\^/gc;
    return [$FINAL_END, 0] if /\G\$|\G\\Z/gc;
    return [$1, 0] if /\G(\\[Az])/gc;
    return [class(), 1] if /\G\[/gc;
    return opening() if /\G\(/gc;
    return closing() if /\G\)/gc;
    return [$1, 1] if /\G(\\[dDwWsS])/gc;
    return [property($1, ''), 1] if /\G\\([pP])/gc;
    if (/\G(\\[bB])(?!\{)/gc) {
        $seen{boundary} = 1;
        return [$1, 0];
    }
    return [reference($1), 1] if /\G\\([1-9])(?!\d)/gc;
    return [reference($numbers{$1} // refuse("there is no group $1 before it")), 1] if /\G\\k<(\w+)>/gca;
    refuse('a { that is no quantifier; write \{') if /\G\{/;
    return [literal(character()), 1];
}

sub literal {
    my ($code) = @_;
    $seen{beyond} = 1 if $code > 127;
    return sprintf '\x{%x}', $code;
}

# The code of one character that stands for itself or is written by an escape.
sub character {
    return ord $1 if /\G([^\\])/gcs;
    return $CONTROL{$1} if /\G\\([tnrfae])/gc;
    return oct $1 if /\G\\0([0-3][0-7]{2}|[0-7]{1,2})/gc;
    if (/\G\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|x\{([0-9A-Fa-f]{1,8})\})/gc) {
        my $code = hex($1 // $2 // $3);
        refuse('this is no character by itself') if $code > 0x10FFFF || $code >= 0xD800 && $code <= 0xDFFF;
        return $code;
    }
    return ord $1 if /\G\\([^A-Za-z0-9])/gcs;
    refuse('the pattern ends with a lone \\') if /\G\\\z/;
    /\G(\\.)/s;
    refuse("$1 is not known here, or not the same in Perl");
}

sub quantifier {
    my ($of_group) = @_;
    /\G([*+?]|\{(\d+)(?:,(\d*))?\})([?+]?)/gc or refuse('a { that is no quantifier; write \{');
    refuse('the quantifier ends below its beginning') if length($3 // '') && $3 < $2;
    refuse('Java never takes back what a turn of such a group has matched; write (?>…) around it all')
        if $of_group && $4 eq '+';
    my $quantifier = $1 . $4;
    refuse('what looks behind has one length; only {n} is known in it')
        if $quantifier !~ /\A\{\d+\}\z/ && looks_behind();
    return $quantifier;
}

sub looks_behind { scalar grep { $_->{look} =~ /</ } @open }

sub opening {
    my ($look, $number, $written) = ('', undef, '(');
    if (/\G\?([a-zA-Z-]+)(?=[:)])/gc) {
        return flags($1);
    } elsif (/\G\?(<?[=!]|[:>])/gc) {
        $written = "(?$1";
        $look = $written =~ /(<?[=!])/ ? $1 : '';
        refuse('(?> is not known in what looks behind') if $written eq '(?>' && looks_behind();
    } elsif (/\G\?<([A-Za-z][A-Za-z0-9]*)>/gc) {
        refuse("there are two groups $1") if $numbers{$1};
        $numbers{$1} = $number = ++$groups;
    } else {
        refuse('this kind of group is not known here, or not the same in Perl') if /\G\?/;
        refuse('(* is not known here') if /\G\*/;
        $number = ++$groups;
    }
    push @open, {look => $look, number => $number, dotall => $dotall};
    return [$written, 0];
}

# `(?i)` to the end of the group that it stands in, or `(?i:…)`. Perl does the i itself.
sub flags {
    my ($flags) = @_;
    $flags =~ /\A([is]*)(?:-([is]+))?\z/ or refuse("of the flags (?$flags) only i and s are known here");
    my ($on, $off, $before) = ($1, $2 // '', $dotall);
    $seen{i} = 1 if $on =~ /i/;
    $dotall = $off =~ /s/ ? 0 : $on =~ /s/ ? 1 : $dotall;
    my $written = '(?' . ($on =~ /i/ ? 'i' : '') . ($off =~ /i/ ? '-i' : '');
    return [$written eq '(?' ? '' : "$written)", 0] if /\G\)/gc;
    /\G:/gc;
    push @open, {look => '', dotall => $before};
    return ["$written:", 0];
}

sub closing {
    my $group = pop @open or refuse('a ) has no (');
    $dotall = $group->{dotall};
    # What a group inside of a look around holds afterwards is not the same everywhere.
    $closed{$group->{number}} = 1 if $group->{number} && !grep { $_->{look} ne '' } @open;
    return [')', $group->{look} eq '' ? 2 : 0];
}

sub reference {
    my ($number) = @_;
    refuse("group $number does not end before it, or stands in a look around") if !$closed{$number};
    $seen{reference} = 1;
    return "\\g{$number}";
}

# After \p or \P. POSIX names are of ASCII alone; `$inside` a class they are written otherwise.
sub property {
    my ($letter, $inside) = @_;
    $seen{property} = 1;
    return "\\$letter\{$+}" if /\G(?:([LMNPSZ])|\{(?:Is)?($CATEGORY)\})/gc;
    /\G\{($POSIX)\}/gc or refuse("this \\$letter is not known here, or not the same in Perl");
    my $name = sprintf '[:%s%s:]', $letter eq 'P' ? '^' : '', lc $1;
    return $inside ? $name : "[$name]";
}

# After the [: up to its ].
sub class {
    my $out = /\G\^/gc ? '[^' : '[';
    my $first = pos;
    refuse('write \] at the beginning of a class') if /\G\]/;
    until (/\G\]/gc) {
        refuse('a [ has no ]') if pos() == length;
        refuse('a class inside of a class, or &&, is not known here; write \[ or \& for the character')
            if /\G(?:\[|&&)/;
        if (/\G(\\[dDwWsS])/gc) {
            $out .= $1;
        } elsif (/\G\\([pP])/gc) {
            $out .= property($1, 1);
        } else {
            refuse('a - inside of a class; write \-') if /\G-(?!\])/ && (pos() > $first || /\G--/);
            $out .= span();
        }
    }
    return "$out]";
}

# A character of a class, or a range.
sub span {
    my $low = character();
    return literal($low) if !/\G-(?!\])/gc;
    refuse('a [ has no ]') if pos() == length;
    refuse('a range has two ends that are single characters') if /\G(?:[-[]|&&|\\[dDwWsSpPQ])/;
    my $high = character();
    refuse('the range ends below its beginning') if $high < $low;
    return literal($low) . '-' . literal($high);
}

1;
