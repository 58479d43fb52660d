import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a user may like, asked of the recommendations' function for no longer than a page waits. */
public final class Related {
    static final Map<String, String> COUNTED = Map.of(
        "catalog_related_lost_total", "Recommendations that did not come, or not in time.");
    private static final Duration WITHIN = Duration.ofMillis(
        Long.parseLong(Aws.setting("RELATED_MILLISECONDS", "300")));
    /** A function that fails so often in a row is not asked for a while: nobody waits for it meanwhile. */
    private static final int IN_A_ROW = 5;
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Pattern ITEMS = Pattern.compile("\"items\"\\s*:\\s*\\[([^\\]]*)\\]");
    private static final Pattern ITEM = Pattern.compile("\"([A-Za-z0-9_-]{1,64})\"");

    private final Aws aws;
    private final String function;
    private final Metrics metrics;
    private final AtomicInteger lostInARow = new AtomicInteger();
    private volatile long restsUntil = System.nanoTime();
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "related");
        thread.setDaemon(true);
        return thread;
    });

    /** `function`: its ARN; empty where there is none. */
    Related(Aws aws, String function, Metrics metrics) {
        this.aws = aws;
        this.function = function;
        this.metrics = metrics;
    }

    /** Ids of items, the best first; none while the function is lost or slow. `trace`: Xray.HEADER's value, or "". */
    List<String> items(String user, int count, String trace) {
        if (function.isEmpty() || System.nanoTime() - restsUntil < 0) {
            return List.of();
        }
        String asked = Json.write(Map.of("user", user, "count", count));
        // To ask for keys may take time too.
        Future<String> answer = threads.submit(() -> aws.invoke(function, asked, trace, WITHIN));
        try {
            List<String> items = read(answer.get(WITHIN.toMillis(), TimeUnit.MILLISECONDS));
            lostInARow.set(0);
            return items;
        } catch (ExecutionException | TimeoutException lost) {
            answer.cancel(true);
            metrics.count("catalog_related_lost_total", 1);
            if (lostInARow.incrementAndGet() >= IN_A_ROW) {
                System.err.println("recommendations are lost: " + lost);
                restsUntil = System.nanoTime() + REST_NANOS;
                lostInARow.set(0);
            }
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        }
        return List.of();
    }

    private static List<String> read(String said) {
        List<String> items = new ArrayList<>();
        Matcher list = ITEMS.matcher(said);
        if (list.find()) {
            ITEM.matcher(list.group(1)).results().forEach(found -> items.add(found.group(1)));
        }
        return items;
    }
}
