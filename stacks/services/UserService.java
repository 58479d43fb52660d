import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The user service until a real one takes its place: answers for its health, and for whether it reaches its ring. Where
 * it is told of Eureka it registers there, and where it is told of Atlas it publishes how many requests it answered; it
 * serves without either.
 */
public class UserService {
    private static final int CONNECT_MILLIS = 1000;
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofMillis(CONNECT_MILLIS)).build();

    public static void main(String[] arguments) throws IOException {
        String[] ring = setting("USERS_ADDRESS", "").split(",");
        int port = Integer.parseInt(setting("PORT", "8080"));
        AtomicLong served = new AtomicLong();
        AtomicLong failed = new AtomicLong();
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(Executors.newFixedThreadPool(64));
        server.createContext("/health", exchange -> answer(exchange, 200, "{\"status\": \"up\"}"));
        server.createContext("/api/users", exchange -> {
            int reached = reachable(ring);
            boolean quorum = reached > ring.length / 2;
            (quorum ? served : failed).incrementAndGet();
            answer(exchange, quorum ? 200 : 503, String.format("{\"ring\": %d, \"reached\": %d}", ring.length, reached));
        });
        server.start();

        ScheduledExecutorService clock = Executors.newScheduledThreadPool(2, UserService::daemon);
        String eureka = setting("EUREKA_ADDRESS", "");
        String atlas = setting("ATLAS_ADDRESS", "");
        Machine machine = eureka.isEmpty() && atlas.isEmpty() ? null : Machine.here();
        if (!eureka.isEmpty()) {
            Registration registration = new Registration(eureka.split(","), machine, port);
            long beat = Long.parseLong(setting("HEARTBEAT_SECONDS", "30"));
            clock.scheduleWithFixedDelay(quietly(registration::renew), 0, beat, TimeUnit.SECONDS);
            Runtime.getRuntime().addShutdownHook(new Thread(quietly(registration::leave)));
        }
        if (!atlas.isEmpty()) {
            Meter meter = new Meter(atlas, machine, served, failed);
            long step = Long.parseLong(setting("STEP_SECONDS", "60"));
            clock.scheduleAtFixedRate(quietly(meter::publish), step, step, TimeUnit.SECONDS);
        }
    }

    /** This machine's place in Eureka: https://github.com/Netflix/eureka/wiki/Eureka-REST-operations */
    static class Registration {
        private static final String APP = "USER";
        private static final int EVICTED_AFTER_SECONDS = 90;
        private final String[] servers;
        private final Machine machine;
        private final int port;
        private int current;
        private boolean registered;

        Registration(String[] servers, Machine machine, int port) {
            this.servers = servers;
            this.machine = machine;
            this.port = port;
            this.current = Math.floorMod(machine.id.hashCode(), servers.length); // each server has its share
        }

        /** A heartbeat; a registration where there is none yet, or no server knows of it any more. */
        synchronized void renew() throws InterruptedException {
            if (registered && call("PUT", "/" + machine.id, "?status=UP", "") == 404) {
                registered = false;
            }
            if (!registered) {
                registered = call("POST", "", "", body()) == 204;
            }
        }

        synchronized void leave() throws InterruptedException {
            if (registered) {
                call("DELETE", "/" + machine.id, "", "");
            }
        }

        /** What the first server said that could answer, beginning with the one that last did; 0 for none. */
        private int call(String method, String instance, String query, String body) throws InterruptedException {
            for (int tried = 0; tried < servers.length; tried++) {
                String url = "http://" + servers[current] + "/eureka/v2/apps/" + APP + instance + query;
                int status = status(method, url, body);
                if (status == 200 || status == 204 || status == 404) {
                    return status;
                }
                System.err.println(method + " " + url + " failed: " + status);
                current = (current + 1) % servers.length;
            }
            return 0;
        }

        private String body() {
            String home = "http://" + machine.address + ":" + port;
            return """
                {"instance": {
                  "instanceId": "%1$s", "hostName": "%2$s", "app": "%3$s", "ipAddr": "%4$s",
                  "status": "UP", "vipAddress": "user", "secureVipAddress": "user",
                  "port": {"$": %5$d, "@enabled": "true"}, "securePort": {"$": 443, "@enabled": "false"},
                  "homePageUrl": "%6$s/", "statusPageUrl": "%6$s/health", "healthCheckUrl": "%6$s/health",
                  "dataCenterInfo": %7$s,
                  "leaseInfo": {"renewalIntervalInSecs": 30, "durationInSecs": %8$d}
                }}
                """.formatted(machine.id, machine.host, APP, machine.address, port, home, machine.dataCenter(),
                    EVICTED_AFTER_SECONDS);
        }
    }

    /** Which machine this is, as the instance metadata service has it, or, outside of EC2, as the network does. */
    record Machine(String id, String host, String address, String zone) {
        private static final String METADATA = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254");

        static Machine here() {
            try {
                HttpRequest ask = HttpRequest.newBuilder(URI.create(METADATA + "/latest/api/token"))
                    .header("X-aws-ec2-metadata-token-ttl-seconds", "60").timeout(Duration.ofSeconds(2))
                    .PUT(HttpRequest.BodyPublishers.noBody()).build();
                String token = text(ask);
                return new Machine(metadata("instance-id", token), metadata("local-hostname", token),
                    metadata("local-ipv4", token), metadata("placement/availability-zone", token));
            } catch (IOException | InterruptedException elsewhere) {
                InetAddress here = InetAddress.getLoopbackAddress();
                try {
                    here = InetAddress.getLocalHost();
                } catch (IOException unknown) {
                    // a machine that does not know its own name
                }
                return new Machine(here.getHostName(), here.getHostName(), here.getHostAddress(), "");
            }
        }

        private static String metadata(String what, String token) throws IOException, InterruptedException {
            return text(HttpRequest.newBuilder(URI.create(METADATA + "/latest/meta-data/" + what))
                .header("X-aws-ec2-metadata-token", token).timeout(Duration.ofSeconds(2)).build());
        }

        private static String text(HttpRequest request) throws IOException, InterruptedException {
            HttpResponse<String> said = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
            if (said.statusCode() != 200) {
                throw new IOException(request.uri() + " answered " + said.statusCode());
            }
            return said.body();
        }

        String dataCenter() {
            if (zone.isEmpty()) {
                return "{\"@class\": \"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo\", \"name\": \"MyOwn\"}";
            }
            return """
                {"@class": "com.netflix.appinfo.AmazonInfo", "name": "Amazon", "metadata": {"instance-id": "%s", \
                "local-hostname": "%s", "local-ipv4": "%s", "availability-zone": "%s"}}"""
                .formatted(id, host, address, zone);
        }
    }

    /** Requests a second since the last step: https://github.com/Netflix/atlas/wiki/Publish-API */
    static class Meter {
        private final String url;
        private final Machine machine;
        private final List<AtomicLong> counts;
        private long since = System.nanoTime();

        Meter(String address, Machine machine, AtomicLong served, AtomicLong failed) {
            this.machine = machine;
            this.url = (address.endsWith(":443") ? "https://" : "http://") + address + "/api/v1/publish";
            this.counts = List.of(served, failed);
        }

        void publish() throws InterruptedException {
            long now = System.nanoTime();
            double seconds = (now - since) / 1e9;
            since = now;
            String points = point("2xx", counts.get(0).getAndSet(0) / seconds)
                + ", " + point("5xx", counts.get(1).getAndSet(0) / seconds);
            int status = status("POST", url, "{\"tags\": {\"nf.app\": \"user\", \"nf.node\": \"" + machine.id
                + "\"}, \"metrics\": [" + points + "]}");
            if (status != 200) {
                System.err.println("POST " + url + " failed: " + status);
            }
        }

        private static String point(String kind, double value) {
            return """
                {"tags": {"name": "server.requests", "status": "%s", "atlas.dstype": "rate"}, \
                "timestamp": %d, "value": %s}""".formatted(kind, System.currentTimeMillis(), value);
        }
    }

    /** What a server answered; 0 where it did not. */
    private static int status(String method, String url, String body) throws InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(5))
            .header("Content-Type", "application/json").header("Accept", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        try {
            return HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        } catch (IOException unreachable) {
            return 0;
        }
    }

    private interface Task {
        void run() throws InterruptedException;
    }

    /** A task that fails is tried again at its next turn: a schedule ends with its first exception. */
    private static Runnable quietly(Task task) {
        return () -> {
            try {
                task.run();
            } catch (InterruptedException ending) {
                Thread.currentThread().interrupt();
            } catch (RuntimeException failure) {
                System.err.println(failure);
            }
        };
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    private static int reachable(String[] addresses) {
        int reached = 0;
        for (String address : addresses) {
            String[] parts = address.split(":");
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])), CONNECT_MILLIS);
                reached++;
            } catch (IOException | RuntimeException unreachable) {
                // counted by its absence
            }
        }
        return reached;
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
