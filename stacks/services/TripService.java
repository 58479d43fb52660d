import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * The trip service: where a ride stands, kept in a Cassandra ring, and paid for when it is completed.
 *
 * GET /api/trips/{id} reads a trip. PUT /api/trips/{id} {"state", "rider", "driver", "fare"} begins one, or moves it on:
 * two who move it at once do not both succeed, and who says the same again changes nothing.
 */
public class TripService {
    private static final int LARGEST_BODY = 16 * 1024;
    private static final Map<String, List<String>> BEFORE = Map.of(
        "accepted", List.of("requested"),
        "started", List.of("accepted"),
        "completed", List.of("started"),
        "cancelled", List.of("requested", "accepted"));
    private static final List<String> FIRST = List.of("requested", "accepted");
    private static final List<String> TRACE = List.of("traceparent", "tracestate", "x-request-id");
    private static final Duration PAYMENT = Duration.ofSeconds(2);
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofMillis(500)).build();

    private final Cql ring;
    private final String payment;
    private final Metrics metrics = new Metrics(Map.of(
        "cassandra_read_seconds", "Time of a read at a quorum of the ring.",
        "payment_seconds", "Time of a call of the payment service."));

    TripService(String ring, String payment) {
        this.ring = new Cql(ring);
        this.payment = payment;
    }

    public static void main(String[] arguments) throws IOException {
        TripService service = new TripService(setting("TRIPS_ADDRESS", ""), setting("PAYMENT_ADDRESS", ""));
        HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(setting("PORT", "8080"))), 128);
        server.setExecutor(Executors.newFixedThreadPool(64));
        server.createContext("/health", exchange -> send(exchange, 200, "{\"status\": \"up\"}", "application/json"));
        server.createContext("/metrics",
            exchange -> send(exchange, 200, service.metrics.text(), "text/plain; version=0.0.4"));
        server.createContext("/api/trips/", service::handle);
        server.start();
        Thread maker = new Thread(() -> service.makeTable(Integer.parseInt(setting("TRIPS_COPIES", "3"))));
        maker.setDaemon(true);
        maker.start();
    }

    /** Make the table where there is none yet, once the ring answers. */
    private void makeTable(int copies) {
        while (true) {
            try {
                String datacenter = (String) ring.run("SELECT data_center FROM system.local").get(0).get("data_center");
                ring.run("CREATE KEYSPACE IF NOT EXISTS trips WITH replication = {'class': 'NetworkTopologyStrategy', '"
                    + datacenter.replace("'", "''") + "': " + copies + "}");
                // Its number is fixed, since two who make it at once at two nodes would otherwise make two tables.
                ring.run("CREATE TABLE IF NOT EXISTS trips.trips (id text PRIMARY KEY, rider text, driver text, state text, "
                    + "fare double, payment text, changed timestamp) WITH id = 6f1d1f80-2f0c-11ef-9454-0242ac120002");
                return;
            } catch (IOException | RuntimeException notYet) {
                System.err.println("no table yet: " + notYet.getMessage());
            }
            try {
                Thread.sleep(2000);
            } catch (InterruptedException ending) {
                return;
            }
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        String id = exchange.getRequestURI().getPath().substring("/api/trips/".length());
        int status;
        Map<String, Object> body;
        try {
            Answer answer = switch (exchange.getRequestMethod()) {
                case "GET" -> read(id);
                case "PUT" -> move(id, wanted(id, exchange), exchange);
                default -> new Answer(405, Map.of("error", "GET or PUT"));
            };
            status = answer.status;
            body = answer.body;
        } catch (IllegalArgumentException wrong) {
            status = 400;
            body = Map.of("error", wrong.getMessage());
        } catch (IOException lost) {
            System.err.println("the ring is lost: " + lost.getMessage());
            status = 503;
            body = Map.of("ring", "lost");
        }
        metrics.answered(exchange.getRequestMethod(), status);
        send(exchange, status, Json.write(body), "application/json");
    }

    private record Answer(int status, Map<String, Object> body) {}

    private static Map<String, Object> wanted(String id, HttpExchange exchange) throws IOException {
        byte[] bytes = exchange.getRequestBody().readNBytes(LARGEST_BODY + 1);
        if (bytes.length > LARGEST_BODY) {
            throw new IllegalArgumentException("more than " + LARGEST_BODY + " bytes");
        }
        Map<String, Object> wanted = Json.read(new String(bytes, StandardCharsets.UTF_8));
        Object state = wanted.get("state");
        if (!id.matches("[A-Za-z0-9_-]{1,64}") || !("requested".equals(state) || BEFORE.containsKey(state))) {
            throw new IllegalArgumentException("an id of letters, digits, _ and -, and a state: requested, accepted, "
                + "started, completed or cancelled");
        }
        if (wanted.containsKey("fare") && !(wanted.get("fare") instanceof Double fare && fare >= 0)) {
            throw new IllegalArgumentException("fare must be a number, 0 or above");
        }
        return wanted;
    }

    private Answer read(String id) throws IOException {
        Map<String, Object> trip = find(id);
        return trip == null ? new Answer(404, Map.of("error", "no such trip")) : new Answer(200, trip);
    }

    private Map<String, Object> find(String id) throws IOException {
        long start = System.nanoTime();
        List<Map<String, Object>> rows =
            ring.run("SELECT rider, driver, state, fare, payment FROM trips.trips WHERE id = ?", id);
        metrics.took("cassandra_read_seconds", start);
        if (rows.isEmpty()) {
            return null;
        }
        Map<String, Object> trip = new LinkedHashMap<>();
        trip.put("trip", id);
        for (String field : List.of("rider", "driver", "state", "fare", "payment")) {
            trip.put(field, rows.get(0).get(field));
        }
        return trip;
    }

    private Answer move(String id, Map<String, Object> wanted, HttpExchange exchange) throws IOException {
        String state = (String) wanted.get("state");
        Map<String, Object> trip = find(id);
        boolean fresh = trip == null;
        if (fresh) {
            if (!FIRST.contains(state) || !(wanted.get("rider") instanceof String)) {
                return new Answer(404, Map.of("error", "no such trip: one begins as requested or accepted, with a rider"));
            }
            begin(id, wanted);
        } else if (!state.equals(trip.get("state"))) {
            if (!BEFORE.getOrDefault(state, List.of()).contains(trip.get("state"))) {
                return new Answer(409, trip);
            }
            advance(id, wanted, trip);
        }
        trip = find(id);
        boolean others = fresh && trip != null && !wanted.get("rider").equals(trip.get("rider"));
        if (trip == null || others || !state.equals(trip.get("state"))) {
            return new Answer(409, others || trip == null ? Map.of("error", "someone was faster") : trip);
        }
        if (state.equals("completed") && !"paid".equals(trip.get("payment"))) {
            trip.put("payment", settle(trip, exchange));
        }
        return new Answer(fresh ? 201 : 200, trip);
    }

    private void begin(String id, Map<String, Object> wanted) throws IOException {
        ring.run("INSERT INTO trips.trips (id, rider, driver, state, fare, payment, changed) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS",
            id, wanted.get("rider"), wanted.get("driver"), wanted.get("state"), wanted.get("fare"), "due",
            System.currentTimeMillis());
    }

    private void advance(String id, Map<String, Object> wanted, Map<String, Object> trip) throws IOException {
        ring.run("UPDATE trips.trips SET state = ?, driver = ?, fare = ?, changed = ? WHERE id = ? IF state = ?",
            wanted.get("state"), wanted.getOrDefault("driver", trip.get("driver")),
            wanted.getOrDefault("fare", trip.get("fare")), System.currentTimeMillis(), id, trip.get("state"));
    }

    /** "paid", or "due" where nobody takes the payment just now: completing the trip again asks for it again. */
    private String settle(Map<String, Object> trip, HttpExchange exchange) throws IOException {
        if (payment.isEmpty() || !paid(trip, exchange)) {
            return "due";
        }
        ring.run("UPDATE trips.trips SET payment = ? WHERE id = ? IF state = ?", "paid", trip.get("trip"), "completed");
        return "paid";
    }

    private boolean paid(Map<String, Object> trip, HttpExchange exchange) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("key", trip.get("trip"));
        body.put("user", trip.get("rider"));
        body.put("amount", trip.get("fare") == null ? 0.0 : trip.get("fare"));
        body.put("currency", "USD");
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + payment + "/api/payments"))
            .timeout(PAYMENT).header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)));
        for (String name : TRACE) {
            String value = exchange.getRequestHeaders().getFirst(name);
            if (value != null) {
                request.header(name, value);
            }
        }
        long start = System.nanoTime();
        try {
            int status = HTTP.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
            return status == 200 || status == 201;
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
            return false;
        } catch (IOException lost) {
            System.err.println("payment is lost: " + lost);
            return false;
        } finally {
            metrics.took("payment_seconds", start);
        }
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    private static void send(HttpExchange exchange, int status, String body, String type) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
