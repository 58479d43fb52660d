import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What visitors do, told to a stream of Kinesis: beside the answers, which never wait for it. While the stream is lost,
 * or too slow, events are dropped and counted: nobody sells less for them.
 */
public final class Events {
    static final Map<String, String> COUNTED = Map.of(
        "catalog_events_sent_total", "Events that the stream has taken.",
        "catalog_events_dropped_total", "Events that the stream has not taken.");
    private static final String SENT = "catalog_events_sent_total";
    private static final String DROPPED = "catalog_events_dropped_total";
    /** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
    private static final int BATCH = 500;
    private static final long BATCH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int WAITING = 20 * BATCH;
    private static final int TRIES = 3;
    private static final String TEXT = "\"(?:[^\"\\\\]|\\\\.)*\"";
    /** Of one record, in the order of what was sent. */
    private static final Pattern RESULT = Pattern.compile("\\{(?:[^{}\\[\\]\"]|" + TEXT + ")*\\}");
    private static final Pattern REFUSED = Pattern.compile("\"ErrorCode\"\\s*:\\s*\"");

    private final Aws aws;
    private final String stream;
    private final Metrics metrics;
    private final BlockingQueue<Event> waiting = new ArrayBlockingQueue<>(WAITING);
    private volatile boolean ending;

    /** Its user, by whom the stream keeps events in order, and its JSON. */
    private record Event(String user, String text) {}

    /** `stream` is empty where nobody wants to know. */
    Events(Aws aws, String stream, Metrics metrics) {
        this.aws = aws;
        this.stream = stream;
        this.metrics = metrics;
    }

    void start() {
        Thread sender = new Thread(this::send, "events");
        sender.setDaemon(true);
        sender.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            ending = true;
            try {
                sender.join(5000);
            } catch (InterruptedException enough) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    /** That a user views, clicks or purchases something. Who tells it again does so under the same id. */
    void tell(String id, String kind, String user, String item) {
        if (stream.isEmpty()) {
            return;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("id", id);
        values.put("kind", kind);
        values.put("user", user);
        values.put("item", item);
        values.put("at", System.currentTimeMillis());
        if (!waiting.offer(new Event(user, Json.write(values)))) {
            metrics.count(DROPPED, 1);
        }
    }

    private void send() {
        while (!ending || !waiting.isEmpty()) {
            try {
                List<Event> batch = gathered();
                List<Event> left = batch;
                for (int tried = 0; tried < TRIES && !left.isEmpty(); tried++) {
                    Thread.sleep(100 * tried);
                    left = put(left);
                }
                metrics.count(SENT, batch.size() - left.size());
                metrics.count(DROPPED, left.size());
            } catch (InterruptedException unasked) {
                return; // nobody does
            }
        }
    }

    /** What has come until there is enough, or the first has waited long enough. */
    private List<Event> gathered() throws InterruptedException {
        List<Event> batch = new ArrayList<>();
        long until = System.nanoTime() + BATCH_NANOS;
        Event one = waiting.poll(BATCH_NANOS, TimeUnit.NANOSECONDS);
        while (one != null) {
            batch.add(one);
            until = batch.size() == 1 ? System.nanoTime() + BATCH_NANOS : until;
            one = batch.size() == BATCH ? null : waiting.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
        return batch;
    }

    /** Those that the stream has not taken. */
    private List<Event> put(List<Event> batch) {
        List<String> records = new ArrayList<>();
        for (Event event : batch) {
            String data = Base64.getEncoder().encodeToString(event.text.getBytes(StandardCharsets.UTF_8));
            records.add(Json.write(Map.of("Data", data, "PartitionKey", event.user)));
        }
        String body = "{\"StreamName\": \"" + stream + "\", \"Records\": [" + String.join(", ", records) + "]}";
        List<Event> left = new ArrayList<>();
        try {
            Matcher result = RESULT.matcher(aws.call("kinesis", "Kinesis_20131202.PutRecords", body));
            for (Event event : batch) {
                if (!result.find() || REFUSED.matcher(result.group()).find()) {
                    left.add(event);
                }
            }
            return left;
        } catch (IOException | RuntimeException lost) {
            System.err.println("events are not told: " + lost);
            return batch;
        }
    }
}
