import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a service says to a Cassandra ring: version 4 of its protocol, at a quorum of the ring's own region.
 * https://github.com/apache/cassandra/blob/trunk/doc/native_protocol_v4.spec
 *
 * A statement goes to the nodes in turn, and on to the next where one is gone, overloaded or too slow. So it may be
 * carried out twice: only what may be said twice can be said here.
 */
public final class Cql {
    private static final int CONNECT_MILLIS = 500;
    private static final int READ_MILLIS = 1000;
    private static final long AVOIDED_NANOS = 5_000_000_000L;
    private static final byte REQUEST = 0x04;
    private static final byte RESPONSE = (byte) 0x84;
    private static final int ERROR = 0x00, STARTUP = 0x01, READY = 0x02, QUERY = 0x07, RESULT = 0x08;
    private static final int LOCAL_QUORUM = 0x0006, LOCAL_SERIAL = 0x0009;
    private static final int WITH_VALUES = 0x01, WITH_SERIAL = 0x10;
    private static final int ROWS = 2;
    private static final int LARGEST_FRAME = 16 * 1024 * 1024;

    private final List<Node> nodes = new ArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    /** `addresses`: "host:port" of the nodes, with commas between; none is dialled before the first statement. */
    public Cql(String addresses) {
        for (String address : addresses.split(",")) {
            if (!address.isEmpty()) {
                nodes.add(new Node(address));
            }
        }
    }

    /** What the ring refuses, in its own words: asking another node would not help. */
    public static final class Refused extends IOException {
        Refused(int code, String words) {
            super(String.format("0x%04x: %s", code, words));
        }
    }

    /**
     * The rows that a statement gives, by column: String, Long, Double, Boolean or null. A value given for a "?" is a
     * String for text, a Long for bigint and timestamp, a Double for double, or null.
     */
    public List<Map<String, Object>> run(String statement, Object... values) throws IOException {
        byte[] body = query(statement, values);
        IOException last = new IOException("the ring has no nodes");
        for (Node node : inTurn()) {
            try {
                return node.ask(body);
            } catch (Refused refused) {
                throw refused;
            } catch (IOException lost) {
                last = lost;
                node.avoidedSince = System.nanoTime();
            }
        }
        throw last;
    }

    /** Each statement begins with another node; those that failed a moment ago come last. */
    private List<Node> inTurn() {
        List<Node> order = new ArrayList<>(nodes);
        Collections.rotate(order, turn.getAndIncrement());
        order.sort(Comparator.comparing(Node::avoided));
        return order;
    }

    private static byte[] query(String statement, Object[] values) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        byte[] text = statement.getBytes(StandardCharsets.UTF_8);
        out.writeInt(text.length);
        out.write(text);
        out.writeShort(LOCAL_QUORUM);
        out.writeByte(values.length > 0 ? WITH_VALUES | WITH_SERIAL : WITH_SERIAL);
        if (values.length > 0) {
            out.writeShort(values.length);
            for (Object value : values) {
                write(out, value);
            }
        }
        out.writeShort(LOCAL_SERIAL);
        return bytes.toByteArray();
    }

    private static void write(DataOutputStream out, Object value) throws IOException {
        if (value == null) {
            out.writeInt(-1);
        } else if (value instanceof Long number) {
            out.writeInt(Long.BYTES);
            out.writeLong(number);
        } else if (value instanceof Double number) {
            out.writeInt(Double.BYTES);
            out.writeDouble(number);
        } else {
            byte[] text = value.toString().getBytes(StandardCharsets.UTF_8);
            out.writeInt(text.length);
            out.write(text);
        }
    }

    /** A node, and the connections to it that nobody uses just now. */
    private static final class Node {
        private final InetSocketAddress address;
        private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();
        private volatile long avoidedSince = System.nanoTime() - AVOIDED_NANOS;

        Node(String address) {
            int colon = address.lastIndexOf(':');
            int port = Integer.parseInt(address.substring(colon + 1).trim());
            this.address = InetSocketAddress.createUnresolved(address.substring(0, colon).trim(), port);
        }

        boolean avoided() {
            return System.nanoTime() - avoidedSince < AVOIDED_NANOS;
        }

        List<Map<String, Object>> ask(byte[] body) throws IOException {
            Connection kept = idle.poll();
            if (kept != null) {
                try {
                    return ask(kept, body);
                } catch (Refused refused) {
                    throw refused;
                } catch (IOException stale) {
                    // The node may have been started anew since, and the other idle connections be dead too.
                    for (Connection dead = idle.poll(); dead != null; dead = idle.poll()) {
                        dead.close();
                    }
                }
            }
            return ask(new Connection(address), body);
        }

        private List<Map<String, Object>> ask(Connection connection, byte[] body) throws IOException {
            try {
                List<Map<String, Object>> rows = connection.ask(body);
                idle.push(connection);
                return rows;
            } catch (Refused refused) {
                idle.push(connection);
                throw refused;
            } catch (IOException | RuntimeException broken) {
                connection.close();
                throw broken;
            }
        }
    }

    /** One connection, which carries one statement at a time. */
    private static final class Connection {
        private final Socket socket = new Socket();
        private final DataInputStream in;
        private final DataOutputStream out;

        Connection(InetSocketAddress address) throws IOException {
            try {
                socket.connect(new InetSocketAddress(address.getHostString(), address.getPort()), CONNECT_MILLIS);
                socket.setSoTimeout(READ_MILLIS);
                socket.setTcpNoDelay(true);
                in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
                out = new DataOutputStream(socket.getOutputStream());
                ByteArrayOutputStream options = new ByteArrayOutputStream();
                DataOutputStream map = new DataOutputStream(options);
                map.writeShort(1);
                map.writeUTF("CQL_VERSION");
                map.writeUTF("3.0.0");
                Frame said = exchange(STARTUP, options.toByteArray());
                if (said.opcode != READY) {
                    throw new IOException("the node wants a password, and this client has none");
                }
            } catch (IOException | RuntimeException failed) {
                close();
                throw failed;
            }
        }

        List<Map<String, Object>> ask(byte[] body) throws IOException {
            Frame said = exchange(QUERY, body);
            if (said.opcode != RESULT) {
                throw new IOException("the node answered a query with " + said.opcode);
            }
            return said.body.readInt() == ROWS ? rows(said.body) : List.of();
        }

        private Frame exchange(int opcode, byte[] body) throws IOException {
            ByteArrayOutputStream frame = new ByteArrayOutputStream(9 + body.length);
            DataOutputStream head = new DataOutputStream(frame);
            head.writeByte(REQUEST);
            head.writeByte(0); // no compression, no tracing
            head.writeShort(0); // the only stream
            head.writeByte(opcode);
            head.writeInt(body.length);
            head.write(body);
            out.write(frame.toByteArray());
            return answer();
        }

        private Frame answer() throws IOException {
            byte version = in.readByte();
            int flags = in.readUnsignedByte();
            in.readShort();
            int opcode = in.readUnsignedByte();
            int length = in.readInt();
            if (version != RESPONSE || length < 0 || length > LARGEST_FRAME) {
                throw new IOException("the node does not speak version 4 of CQL's protocol");
            }
            DataInputStream body = new DataInputStream(new ByteArrayInputStream(in.readNBytes(length)));
            if ((flags & 0x08) != 0) { // warnings come first
                for (int left = body.readUnsignedShort(); left > 0; left--) {
                    body.readUTF();
                }
            }
            if (opcode != ERROR) {
                return new Frame(opcode, body);
            }
            int code = body.readInt();
            String words = body.readUTF();
            // 0x0000 to 0x1fff: of the node and its neighbours; 0x2000 and above: of the statement.
            if (code >= 0x2000) {
                throw new Refused(code, words);
            }
            throw new IOException(String.format("0x%04x: %s", code, words));
        }

        private static List<Map<String, Object>> rows(DataInputStream body) throws IOException {
            int flags = body.readInt();
            int count = body.readInt();
            boolean oneTable = (flags & 0x01) != 0;
            if ((flags & 0x02) != 0) {
                throw new IOException("more rows than one page has");
            }
            if (oneTable) {
                body.readUTF();
                body.readUTF();
            }
            Map<String, Integer> columns = new LinkedHashMap<>();
            for (int column = 0; column < count; column++) {
                if (!oneTable) {
                    body.readUTF();
                    body.readUTF();
                }
                columns.put(body.readUTF(), body.readUnsignedShort());
            }
            List<Map<String, Object>> rows = new ArrayList<>();
            for (int left = body.readInt(); left > 0; left--) {
                Map<String, Object> row = new HashMap<>();
                for (Map.Entry<String, Integer> column : columns.entrySet()) {
                    row.put(column.getKey(), value(body, column.getValue()));
                }
                rows.add(row);
            }
            return rows;
        }

        private static Object value(DataInputStream body, int type) throws IOException {
            int length = body.readInt();
            if (length < 0) {
                return null;
            }
            return switch (type) {
                case 0x01, 0x0d -> new String(body.readNBytes(length), StandardCharsets.UTF_8); // ascii, text
                case 0x02, 0x0b -> body.readLong(); // bigint, timestamp
                case 0x04 -> body.readBoolean();
                case 0x07 -> body.readDouble();
                case 0x09 -> (long) body.readInt();
                default -> throw new IOException("a column of type " + type + ", which this client does not read");
            };
        }

        private void close() {
            try {
                socket.close();
            } catch (IOException already) {
                // it is gone either way
            }
        }
    }

    private record Frame(int opcode, DataInputStream body) {}
}
