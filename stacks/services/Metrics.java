import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** What Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/ */
public final class Metrics {
    private static final double[] BOUNDS = {
        0.0005, 0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5
    };

    private final Map<String, Histogram> histograms = new TreeMap<>();
    private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();
    private final Map<String, String> counted;
    private final Map<String, LongAdder> counts = new TreeMap<>();

    /** `measured`: what the time is taken of, in words, by the name of the metric. */
    public Metrics(Map<String, String> measured) {
        this(measured, Map.of());
    }

    /** `counted`: what is counted besides, in words, by the name of the metric, which ends in "_total". */
    public Metrics(Map<String, String> measured, Map<String, String> counted) {
        this.counted = counted;
        measured.forEach((name, words) -> histograms.put(name, new Histogram(words)));
        counted.keySet().forEach(name -> counts.put(name, new LongAdder()));
    }

    private static final class Histogram {
        private final LongAdder[] counts = new LongAdder[BOUNDS.length + 1];
        private final DoubleAdder sum = new DoubleAdder();
        private final String words;

        Histogram(String words) {
            this.words = words;
            for (int bound = 0; bound < counts.length; bound++) {
                counts[bound] = new LongAdder();
            }
        }

        void add(double seconds) {
            int bound = 0;
            while (bound < BOUNDS.length && seconds > BOUNDS[bound]) {
                bound++;
            }
            counts[bound].increment();
            sum.add(seconds);
        }

        void write(String name, StringBuilder out) {
            out.append("# HELP ").append(name).append(' ').append(words).append('\n');
            out.append("# TYPE ").append(name).append(" histogram\n");
            long below = 0;
            for (int bound = 0; bound < counts.length; bound++) {
                below += counts[bound].sum();
                String limit = bound < BOUNDS.length ? String.valueOf(BOUNDS[bound]) : "+Inf";
                out.append(name).append("_bucket{le=\"").append(limit).append("\"} ").append(below).append('\n');
            }
            out.append(name).append("_sum ").append(sum.sum()).append('\n');
            out.append(name).append("_count ").append(below).append('\n');
        }
    }

    /** That something that is measured under a name has taken since `nanos`, System.nanoTime() at its start. */
    public void took(String name, long nanos) {
        histograms.get(name).add((System.nanoTime() - nanos) / 1e9);
    }

    /** That so many more are counted under a name. */
    public void count(String name, long more) {
        counts.get(name).add(more);
    }

    /** That a request was answered. */
    public void answered(String method, int status) {
        String labels = "method=\"" + method + "\",status=\"" + status + "\"";
        requests.computeIfAbsent(labels, unknown -> new LongAdder()).increment();
    }

    public String text() {
        StringBuilder out = new StringBuilder("# HELP http_requests_total Requests answered.\n"
            + "# TYPE http_requests_total counter\n");
        requests.forEach((labels, count) ->
            out.append("http_requests_total{").append(labels).append("} ").append(count.sum()).append('\n'));
        counts.forEach((name, count) -> {
            out.append("# HELP ").append(name).append(' ').append(counted.get(name)).append('\n');
            out.append("# TYPE ").append(name).append(" counter\n");
            out.append(name).append(' ').append(count.sum()).append('\n');
        });
        histograms.forEach((name, histogram) -> histogram.write(name, out));
        return out.toString();
    }
}
