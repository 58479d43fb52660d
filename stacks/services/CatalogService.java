import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The catalog service: what the shop sells, with pictures that S3 hands out by signed URLs.
 *
 * GET /api/catalog/{id} tells a product, GET /api/catalog?q=words those that have all of the words, the best first. The
 * catalogue is a text of JSON, a product a line: the one that came with the program until the bucket of pictures has an
 * object catalogue.jsonl, which is read again each minute. While S3 is lost the last one serves.
 *
 * GET /api/catalog/{id}/related?user=u tells what the user may like, or what else there is of its category. Who is told
 * a product has viewed it: the stream of events hears of that, and by POST /api/catalog/events, {"kind": "click",
 * "purchase" or "view", "item", "id"}, of what pages notice, such as the view of what a cache has told. A user is whom
 * the header or cookie X-User names, or somebody at the address that the request is from.
 */
public class CatalogService {
    private static final String OBJECT = "catalogue.jsonl";
    private static final int MOST_FOUND = 24;
    private static final Duration S3 = Duration.ofSeconds(5);
    /** Whoever asks within a window gets the same URLs, and so the same ETag: caches keep what they have. */
    private static final long WINDOW_SECONDS = 900;
    private static final long MAX_AGE_SECONDS = 60;
    private static final long STALE_SECONDS = 1800;
    /** A URL outlives its window and all the time that a cache may still serve it. */
    private static final long SIGNED_SECONDS = WINDOW_SECONDS + MAX_AGE_SECONDS + STALE_SECONDS + 300;
    private static final String CACHED = "public, max-age=" + MAX_AGE_SECONDS + ", stale-while-revalidate=30, "
        + "stale-if-error=" + STALE_SECONDS;

    private static final Web.Answer NO_PRODUCT = new Web.Answer(404, "{\"error\": \"no such product\"}",
        Map.of("Cache-Control", "public, max-age=10"));
    private static final String HERE = "/api/catalog/";
    private static final int MOST_RELATED = 12;
    private static final Set<String> KINDS = Set.of("click", "purchase", "view");

    private final Aws aws;
    private final String bucket;
    private final Metrics metrics = new Metrics(Map.of(
        "catalog_seconds", "Time of an answer out of the catalogue.",
        "related_seconds", "Time of an answer of what is related.",
        "refresh_seconds", "Time of a look for a newer catalogue."), counted());
    private final Events events;
    private final Related related;
    private volatile Map<String, Product> products;
    private volatile String version = "";

    /** A product, and the words that it is found by. */
    private record Product(Map<String, Object> values, String title, String all) {
        static final String ID = "[A-Za-z0-9_-]{1,64}";

        String id() {
            return (String) values.get("id");
        }

        static Product of(String line) {
            Map<String, Object> values = Json.read(line);
            if (!(values.get("id") instanceof String id) || !id.matches(ID)) {
                throw new IllegalArgumentException("a product's id has 1 to 64 letters, digits, - and _: " + line);
            }
            String title = folded(values.get("title"));
            String all = String.join(" ", title, folded(values.get("category")), folded(values.get("brand")));
            return new Product(values, title, all);
        }

        private static String folded(Object value) {
            return value == null ? "" : value.toString().toLowerCase(Locale.ROOT);
        }
    }

    CatalogService(Aws aws, String bucket, String catalogue) {
        this.aws = aws;
        this.bucket = bucket;
        this.events = new Events(aws, Aws.setting("LIKELY_EVENTS_ADDRESS", ""), metrics);
        this.related = new Related(aws, Aws.setting("LIKELY_ANSWERS_ADDRESS", ""), metrics);
        this.products = read(catalogue);
    }

    public static void main(String[] arguments) throws IOException {
        String shipped = Files.readString(Path.of(Aws.setting("CATALOGUE", "/opt/service/catalogue.jsonl")));
        Aws aws = new Aws(Aws.setting("AWS_REGION", "us-east-1"));
        CatalogService service = new CatalogService(aws, Aws.setting("IMAGES_ADDRESS", ""), shipped);
        Web web = new Web("catalog", Integer.parseInt(Aws.setting("PORT", "8080")), service.metrics);
        web.at("/api/catalog", service::find);
        web.at(HERE, service::answer);
        service.events.start();
        web.start();
        long pause = Long.parseLong(Aws.setting("REFRESH_MILLISECONDS", "60000"));
        Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }).scheduleWithFixedDelay(service::refresh, 0, pause, TimeUnit.MILLISECONDS);
    }

    private static Map<String, Product> read(String text) {
        Map<String, Product> found = new LinkedHashMap<>();
        text.lines().filter(line -> !line.isBlank()).map(Product::of)
            .forEach(product -> found.put(product.id(), product));
        if (found.isEmpty()) {
            throw new IllegalArgumentException("a catalogue without a product");
        }
        return found;
    }

    /** Take a newer catalogue from the bucket, if there is one; a broken one is left there. */
    private void refresh() {
        long start = System.nanoTime();
        try {
            String url = aws.presigned(bucket, OBJECT, Instant.now(), 60);
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(S3);
            if (!version.isEmpty()) {
                request.header("If-None-Match", version);
            }
            HttpResponse<String> said = Aws.send(request.build());
            if (said.statusCode() == 200) {
                products = read(said.body());
                version = said.headers().firstValue("ETag").orElse("");
            } else if (said.statusCode() != 304 && said.statusCode() != 404) {
                System.err.println("no newer catalogue: S3 says " + said.statusCode());
            }
        } catch (IOException | RuntimeException lost) {
            System.err.println("no newer catalogue: " + lost);
        }
        metrics.took("refresh_seconds", start);
    }

    private static Map<String, String> counted() {
        Map<String, String> all = new TreeMap<>(Events.COUNTED);
        all.putAll(Related.COUNTED);
        return all;
    }

    private Web.Answer answer(Web.Request request) throws IOException {
        String id = request.path().substring(HERE.length());
        if (request.method().equals("POST")) {
            return id.equals("events") ? hear(request) : Web.Answer.of(404, Map.of("error", "not found"));
        }
        boolean all = id.endsWith("/related");
        Product product = products.get(all ? id.substring(0, id.length() - "/related".length()) : id);
        if (product == null) {
            return NO_PRODUCT;
        }
        return all ? relate(request, product) : tell(request, product);
    }

    private Web.Answer tell(Web.Request request, Product product) throws IOException {
        long start = System.nanoTime();
        Web.Answer answer = cached(request, Json.write(shown(product)));
        if (request.method().equals("GET")) {
            events.tell(UUID.randomUUID().toString(), "view", user(request), product.id());
        }
        metrics.took("catalog_seconds", start);
        return answer;
    }

    /** What a page has noticed. */
    private Web.Answer hear(Web.Request request) {
        Map<String, Object> said = Json.read(request.body());
        Object id = said.getOrDefault("id", UUID.randomUUID().toString());
        if (!(said.get("kind") instanceof String kind && KINDS.contains(kind))) {
            throw new IllegalArgumentException("kind must be one of " + new TreeSet<>(KINDS));
        }
        if (!(id instanceof String own && own.matches(Product.ID))) {
            throw new IllegalArgumentException("id must have 1 to 64 letters, digits, - and _");
        }
        Product product = products.get(String.valueOf(said.get("item")));
        if (product == null) {
            return NO_PRODUCT;
        }
        events.tell(own, kind, user(request), product.id());
        return Web.Answer.of(202, Map.of("id", own));
    }

    private Web.Answer relate(Web.Request request, Product product) throws IOException {
        long start = System.nanoTime();
        String named = parameter(request.query(), "user");
        List<Product> found = new ArrayList<>();
        String user = named.isEmpty() ? user(request) : named;
        for (String id : related.items(user, MOST_RELATED + 1, request.trace())) {
            Product one = products.get(id);
            if (one != null && one != product) {
                found.add(one);
            }
        }
        boolean liked = !found.isEmpty();
        if (!liked) {
            Object category = product.values.get("category");
            products.values().stream().filter(one -> one != product && category != null)
                .filter(one -> category.equals(one.values.get("category"))).forEach(found::add);
        }
        String body = "{\"source\": \"" + (liked ? "liked" : "category") + "\", \"products\": "
            + list(found, MOST_RELATED) + "}";
        metrics.took("related_seconds", start);
        // It is for one user, and so for no cache but the user's own.
        return new Web.Answer(200, body, Map.of("Cache-Control", "private, max-age=" + MAX_AGE_SECONDS));
    }

    private static String user(Web.Request request) {
        String named = header(request, "X-user").findFirst().orElseGet(() -> header(request, "Cookie")
            .flatMap(line -> Stream.of(line.split(";"))).map(String::strip)
            .filter(pair -> pair.startsWith("X-User=")).map(pair -> pair.substring("X-User=".length()))
            .findFirst().orElse(""));
        if (named.matches("[A-Za-z0-9._@+-]{1,64}")) {
            return named;
        }
        // The first is the client; who stands between adds itself.
        String client = header(request, "X-forwarded-for").findFirst().orElse("").split(",")[0].strip();
        return "anonymous-" + Aws.hash(client).substring(0, 16);
    }

    private static Stream<String> header(Web.Request request, String name) {
        return request.headers().getOrDefault(name, List.of()).stream();
    }

    private Web.Answer find(Web.Request request) throws IOException {
        long start = System.nanoTime();
        if (!request.path().equals("/api/catalog")) {
            return Web.Answer.of(404, Map.of("error", "not found"));
        }
        String[] words = parameter(request.query(), "q").toLowerCase(Locale.ROOT).split("\\s+");
        List<Product> found = new ArrayList<>();
        for (Product product : products.values()) {
            if (List.of(words).stream().allMatch(product.all::contains)) {
                found.add(product);
            }
        }
        found.sort(Comparator.comparing(product -> -List.of(words).stream().filter(product.title::contains).count()));
        String told = "{\"found\": " + found.size() + ", \"products\": " + list(found, MOST_FOUND) + "}";
        Web.Answer answer = cached(request, told);
        metrics.took("catalog_seconds", start);
        return answer;
    }

    private String list(List<Product> found, int most) throws IOException {
        List<String> told = new ArrayList<>();
        for (Product product : found.subList(0, Math.min(most, found.size()))) {
            told.add(Json.write(shown(product)));
        }
        return "[" + String.join(", ", told) + "]";
    }

    /** What is told of a product: all of it, and where its picture is. */
    private Map<String, Object> shown(Product product) throws IOException {
        Map<String, Object> shown = new LinkedHashMap<>(product.values);
        if (shown.remove("image") instanceof String image && !bucket.isEmpty()) {
            long window = Instant.now().getEpochSecond() / WINDOW_SECONDS * WINDOW_SECONDS;
            shown.put("image_url", picture(image, Instant.ofEpochSecond(window)));
        }
        return shown;
    }

    /** A product is told without its picture rather than not at all. */
    private Object picture(String image, Instant from) {
        try {
            return aws.presigned(bucket, image, from, SIGNED_SECONDS);
        } catch (IOException nobody) {
            System.err.println("nobody to sign as: " + nobody);
            return null;
        }
    }

    private static Web.Answer cached(Web.Request request, String body) {
        String tag = "\"" + Aws.hash(body).substring(0, 32) + "\"";
        Map<String, String> headers = Map.of("ETag", tag, "Cache-Control", CACHED);
        List<String> known = request.headers().getOrDefault("If-none-match", List.of());
        boolean same = known.stream().flatMap(text -> List.of(text.split("\\s*,\\s*")).stream())
            .map(text -> text.replaceFirst("^W/", "")).anyMatch(text -> text.equals(tag) || text.equals("*"));
        return new Web.Answer(same ? 304 : 200, body, headers);
    }

    private static String parameter(String query, String name) {
        for (String pair : query.split("&")) {
            if (pair.startsWith(name + "=")) {
                return URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8).strip();
            }
        }
        return "";
    }
}
