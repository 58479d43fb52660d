import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * What X-Ray is told of a request: a segment, where whoever asked has decided that it is followed. Without an agent at
 * AWS_XRAY_DAEMON_ADDRESS nothing is told.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
public final class Xray {
    /**
     * Where a trace comes from and whether it is kept, "Root=1-…;Parent=…;Sampled=1":
     * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
     */
    static final String HEADER = "X-Amzn-Trace-Id";
    private static final String BEFORE = "{\"format\": \"json\", \"version\": 1}\n";

    private final String service;
    /** null where there is none. */
    private final DatagramChannel agent;

    /** `service`: its name, where SERVICE_NAME says no other. */
    public Xray(String service) {
        this.service = Aws.setting("SERVICE_NAME", service);
        String setting = Aws.setting("AWS_XRAY_DAEMON_ADDRESS", "");
        this.agent = setting.isEmpty() ? null : connected(setting);
    }

    /** A request, from now until it is answered. What is not sampled is followed, and not told. */
    public final class Segment {
        private final String header;
        private final String root;
        private final String parent;
        private final boolean told;
        private final String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        private final double begun = now();

        private Segment(String header) {
            this.header = header;
            root = part(header, "Root=");
            parent = part(header, "Parent=");
            told = agent != null && !root.isEmpty() && part(header, "Sampled=").equals("1");
        }

        /** What the calls that answering it takes are asked with; "" for nothing. */
        public String header() {
            return told ? "Root=" + root + ";Parent=" + id + ";Sampled=1" : header;
        }

        public void answered(String method, String url, int status) {
            if (!told) {
                return;
            }
            Map<String, Object> values = new LinkedHashMap<>(Map.of("name", service, "id", id, "trace_id", root,
                "start_time", begun, "end_time", now(),
                "http", Map.of("request", Map.of("method", method, "url", url), "response", Map.of("status", status))));
            if (!parent.isEmpty()) {
                values.put("parent_id", parent);
            }
            if (status >= 400) {
                values.put(status >= 500 ? "fault" : "error", true);
            }
            if (status == 429) {
                values.put("throttle", true);
            }
            send(Json.write(values));
        }
    }

    /** `header`: the request's; null where it has none. */
    public Segment begin(String header) {
        return new Segment(header == null ? "" : header);
    }

    /** Nobody waits for the agent: what it does not take is not told. */
    private void send(String segment) {
        try {
            agent.write(ByteBuffer.wrap((BEFORE + segment).getBytes(StandardCharsets.UTF_8)));
        } catch (IOException lost) {
            return;
        }
    }

    /** To "127.0.0.1:2000", or "tcp:127.0.0.1:2000 udp:127.0.0.1:2001". */
    private static DatagramChannel connected(String setting) {
        String address = Stream.of(setting.split(" ")).filter(word -> word.startsWith("udp:"))
            .map(word -> word.substring("udp:".length())).findFirst().orElse(setting);
        int colon = address.lastIndexOf(':');
        try {
            DatagramChannel made = DatagramChannel.open();
            made.configureBlocking(false);
            int port = Integer.parseInt(address.substring(colon + 1));
            return made.connect(new InetSocketAddress(address.substring(0, colon), port));
        } catch (IOException | RuntimeException lost) {
            System.err.println("tracing: no agent at " + address + ": " + lost);
            return null;
        }
    }

    private static String part(String header, String name) {
        return Stream.of(header.split(";")).map(String::strip).filter(part -> part.startsWith(name))
            .map(part -> part.substring(name.length())).findFirst().orElse("");
    }

    private static double now() {
        Instant time = Instant.now();
        return time.getEpochSecond() + time.getNano() / 1e9;
    }
}
