import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HexFormat;
import java.util.regex.Pattern;
import static java.nio.charset.StandardCharsets.UTF_8;

/** Reads lines of a pattern and a text in hexadecimal, and says of each whether it matches: 1, 0, or E for an error. */
public class Matching {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] fields = line.split(" ", -1);
            System.out.println(answer(text(fields[0]), text(fields[1])));
        }
    }

    static String text(String hexadecimal) {
        return new String(HexFormat.of().parseHex(hexadecimal), UTF_8);
    }

    static String answer(String pattern, String text) {
        try {
            return Pattern.matches(pattern, text) ? "1" : "0";
        } catch (RuntimeException | StackOverflowError error) {
            return "E";
        }
    }
}
