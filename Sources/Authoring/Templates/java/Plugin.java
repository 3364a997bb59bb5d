// A Penstock plugin: it reads one job from standard input, and writes messages to standard output.
// Your work goes into work. What follows run is the protocol, and can stay as it is.

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import com.google.gson.*;
import java.io.*;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

record Plugin(Job job, OutputStream wire) {
    /** Returns the members of the job's success. If it is interrupted, the job is cancelled: leave nothing running. */
    private Map<String, Object> work() throws Failure, IOException, InterruptedException {
        var configuration = job.data.actionConfiguration.configuration;
        String name = configuration.getOrDefault("Name", "");
        if (name.isEmpty() || name.codePointCount(0, name.length()) > 1000) {
            throw new Failure("ConfigurationError", "Name is “" + shortened(name, 100) + "”: not 1 to 1000 characters");
        }
        String text = configuration.getOrDefault("Seconds", "0");
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) > 3600) {
            throw new Failure("ConfigurationError", "Seconds is “" + shortened(text, 100) + "”: not whole, 0 to 3600");
        }
        progress("Greeting " + shortened(name, 100), 0);
        long files = 0;
        for (Artifact input : job.data.inputArtifacts) {
            try (var paths = Files.walk(input.path())) {
                files += paths.filter(path -> Files.isRegularFile(path, NOFOLLOW_LINKS)).count();
            }
        }
        run(Integer.parseInt(text), "sleep", text);
        String greeting = "Hello, " + name + "!";
        for (Artifact output : job.data.outputArtifacts) {
            Files.writeString(output.path().resolve("greeting.txt"), greeting + "\n");
        }
        return Map.of(
            "currentRevision", Map.of("revision", greeting), // only: Source
            "outputVariables", Map.of("Greeting", greeting, "Files", Long.toString(files)));
    }

    /** Runs a program, and tells once a second how far it is. What the program prints goes to the log. */
    private void run(int seconds, String... command) throws Failure, IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null"));
        Process child = builder.start();
        try {
            new Thread(() -> child.inputReader().lines().forEach(System.err::println)).start();
            for (int second = 1; !child.waitFor(1, TimeUnit.SECONDS); second++) {
                if (second < seconds) {
                    progress("Second " + second + " of " + seconds, 100 * second / seconds);
                }
            }
            if (child.exitValue() != 0) {
                Thread.sleep(200); // SIGTERM reaches the child, too, and perhaps before us
                throw new Failure("JobFailed", command[0] + " failed with status " + child.exitValue());
            }
        } finally {
            child.toHandle().destroy();
            child.onExit().join();
        }
    }

    /** Has one of the protocol's six types. Every other exception is told as JobFailed. */
    private static final class Failure extends Exception {
        final String type;
        Failure(String type, String message) {
            super(message, null, false, false);
            this.type = type;
        }
    }

    private record Job(String protocol, String type, String jobId, Data data) {}
    private record Data(Action actionConfiguration, List<Artifact> inputArtifacts, List<Artifact> outputArtifacts) {
        Data { // what a job leaves out comes as null
            actionConfiguration = Objects.requireNonNullElse(actionConfiguration, new Action(null));
            inputArtifacts = Objects.requireNonNullElse(inputArtifacts, List.of());
            outputArtifacts = Objects.requireNonNullElse(outputArtifacts, List.of());
        }
    }
    private record Action(Map<String, String> configuration) {
        Action { configuration = Objects.requireNonNullElse(configuration, Map.of()); }
    }
    private record Artifact(JsonObject location) {
        Path path() { // relative to the working directory
            return Path.of(location.getAsJsonObject("pathLocation").get("path").getAsString());
        }
    }

    public static void main(String[] arguments) {
        System.setOut(System.err); // so that whatever prints, prints into the log
        var lines = new BufferedReader(new InputStreamReader(System.in, UTF_8)).lines();
        var line = lines.filter(text -> !text.isBlank()).findFirst();
        if (line.isEmpty()) {
            return;
        }
        Job job = null;
        try {
            job = new Gson().fromJson(line.get(), Job.class);
            if (!(job.protocol + job.type).equals("penstock/1job") || job.jobId == null || job.data == null) {
                throw new JsonParseException("no job of penstock/1");
            }
        } catch (JsonParseException | NullPointerException error) {
            System.err.println("Standard input holds something else than a job: " + error.getMessage());
            System.exit(65);
        }
        var worker = Thread.currentThread();
        var status = new CompletableFuture<Integer>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> { // after SIGTERM, and at the end
            worker.interrupt();
            Runtime.getRuntime().halt(status.join());
        }));
        try {
            new Plugin(job, new FileOutputStream(FileDescriptor.out)).serve();
            status.complete(0);
        } catch (Throwable error) {
            System.err.println("A message could not be sent: " + error);
            status.complete(74);
        }
    }

    private void serve() throws IOException {
        try {
            send("jobSuccessResult", work());
        } catch (InterruptedException | ClosedByInterruptException cancel) {
            send("jobAbandonedResult", Map.of());
        } catch (Throwable fault) {
            fault.printStackTrace(); // the log says where
            String type = fault instanceof Failure failure ? failure.type : "JobFailed";
            String message = fault instanceof Failure ? fault.getMessage() : fault.toString();
            var details = Map.of("type", type, "message", shortened(message, 5000));
            send("jobFailureResult", Map.of("failureDetails", details));
        }
    }

    private void progress(String summary, int percent) throws IOException {
        send("progress", Map.of("executionDetails", Map.of("summary", summary, "percentComplete", percent)));
    }

    private void send(String type, Map<String, Object> members) throws IOException {
        var message = new HashMap<>(members);
        message.putAll(Map.of("protocol", "penstock/1", "type", type, "jobId", job.jobId));
        wire.write((new Gson().toJson(message) + "\n").getBytes(UTF_8));
    }

    private static String shortened(String text, int limit) {
        boolean fits = text.codePointCount(0, text.length()) <= limit;
        return fits ? text : text.substring(0, text.offsetByCodePoints(0, limit - 1)) + "…";
    }
}
