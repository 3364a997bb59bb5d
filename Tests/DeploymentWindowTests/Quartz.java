import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.text.ParseException;
import java.util.Date;
import java.util.TimeZone;
import org.quartz.CronExpression;

/**
 * Answers from Quartz: of each line of `zone TAB expression TAB instant…`, in seconds since 1970, one line:
 * `refused`, or of each instant `satisfied:next`, where next is the next time, or 0 if there is none.
 */
class Quartz {
    public static void main(String[] arguments) throws Exception {
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; System.out.println(answer(line.split("\t")))) {}
    }

    static String answer(String[] fields) {
        try {
            var cron = new CronExpression(fields[1]);
            cron.setTimeZone(TimeZone.getTimeZone(fields[0]));
            var answer = new StringBuilder();
            for (int i = 2; i < fields.length; i++) {
                var instant = new Date(Long.parseLong(fields[i]) * 1000);
                var next = cron.getTimeAfter(instant);
                answer.append(i > 2 ? " " : "").append(cron.isSatisfiedBy(instant) ? 1 : 0);
                answer.append(':').append(next == null ? 0 : next.getTime() / 1000);
            }
            return answer.toString();
        } catch (ParseException error) {
            return "refused";
        }
    }
}
