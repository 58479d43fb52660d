import java.util.LinkedHashMap;
import java.util.Map;

/** One JSON object of plain values: all that is asked of a service and that it answers. */
public final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /** Its values: String, Double, Boolean or null. Raises IllegalArgumentException for anything else. */
    public static Map<String, Object> read(String text) {
        Json json = new Json(text);
        Map<String, Object> values = new LinkedHashMap<>();
        json.take('{');
        if (json.next() != '}') {
            do {
                String key = json.string();
                json.take(':');
                values.put(key, json.value());
            } while (json.taken(','));
        }
        json.take('}');
        if (json.next() != 0) {
            throw json.wrong();
        }
        return values;
    }

    /** The text of an object, and of what it has within. A Double that is a whole number is written as one. */
    public static String write(Map<?, ?> values) {
        StringBuilder out = new StringBuilder("{");
        values.forEach((key, value) -> {
            out.append(out.length() > 1 ? ", " : "").append(quoted(key.toString())).append(": ");
            if (value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1e15) {
                out.append(number.longValue());
            } else if (value == null || value instanceof Number || value instanceof Boolean) {
                out.append(value);
            } else if (value instanceof Map<?, ?> inner) {
                out.append(write(inner));
            } else {
                out.append(quoted(value.toString()));
            }
        });
        return out.append("}").toString();
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        text.chars().forEach(one -> {
            if (one == '"' || one == '\\') {
                out.append('\\').append((char) one);
            } else if (one < ' ') {
                out.append(String.format("\\u%04x", one));
            } else {
                out.append((char) one);
            }
        });
        return out.append('"').toString();
    }

    private Object value() {
        char first = next();
        if (first == '"') {
            return string();
        }
        int start = at;
        while (at < text.length() && " \t\r\n,}".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(start, at);
        switch (word) {
            case "null":
                return null;
            case "true", "false":
                return Boolean.valueOf(word);
            default:
                if (!word.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?")) {
                    throw wrong();
                }
                return Double.valueOf(word);
        }
    }

    private String string() {
        take('"');
        StringBuilder out = new StringBuilder();
        for (; at < text.length() && text.charAt(at) != '"'; at++) {
            char one = text.charAt(at);
            if (one < ' ') {
                throw wrong();
            }
            out.append(one == '\\' ? escaped() : one);
        }
        if (at >= text.length()) {
            throw wrong();
        }
        at++;
        return out.toString();
    }

    private char escaped() {
        if (++at >= text.length()) {
            throw wrong();
        }
        char kind = text.charAt(at);
        int plain = "\"\\/bfnrt".indexOf(kind);
        if (plain >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (kind != 'u' || at + 4 >= text.length() || !text.substring(at + 1, at + 5).matches("[0-9a-fA-F]{4}")) {
            throw wrong();
        }
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 3, at + 1), 16);
    }

    private char next() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean taken(char wanted) {
        if (next() != wanted) {
            return false;
        }
        at++;
        return true;
    }

    private void take(char wanted) {
        if (!taken(wanted)) {
            throw wrong();
        }
    }

    private IllegalArgumentException wrong() {
        return new IllegalArgumentException("no JSON object of plain values: character " + at);
    }
}
