package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** One connection that sends exactly what it is told, and reads one answer after the other. One thread only. */
final class Wire implements AutoCloseable {
    /** One answer: status, head and body, each char one byte. */
    record Answer(int status, String head, String body) {}

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    Wire(InetSocketAddress address) {
        this(address, 0);
    }

    Wire(InetSocketAddress address, int receiveBytes) {
        try {
            socket = new Socket();
            if (receiveBytes > 0) {
                socket.setReceiveBufferSize(receiveBytes);
            }
            socket.connect(address);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
            out = socket.getOutputStream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Wire send(String bytes) {
        return send(bytes.getBytes(ISO_8859_1));
    }

    Wire send(byte[] bytes) {
        try {
            out.write(bytes);
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next answer to a request other than HEAD. */
    Answer answer() {
        try {
            String head = head();
            if (head.isEmpty()) {
                throw new AssertionError("the server has closed the connection");
            }
            int status = Integer.parseInt(head.substring(9, 12));
            if (status == 100) {
                return new Answer(status, head, "");
            }
            return new Answer(status, head, body(head));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes up to so many bytes of what comes; -1 when the connection has ended, in whatever way. */
    int take(int bytes) {
        try {
            return in.read(new byte[bytes]);
        } catch (IOException reset) {
            return -1;
        }
    }

    /** Whether the server closes without saying more. */
    boolean isClosedByServer() {
        try {
            return in.read() < 0;
        } catch (IOException e) {
            return true;
        }
    }

    private String head() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || head.indexOf("\r\n\r\n", head.length() - 4) < 0) {
            int b = in.read();
            if (b < 0) {
                return "";
            }
            head.append((char) b);
        }
        return head.toString();
    }

    private String body(String head) throws IOException {
        if (head.contains("\r\nTransfer-Encoding: chunked\r\n")) {
            StringBuilder body = new StringBuilder();
            while (true) {
                int length = Integer.parseInt(line(), 16);
                body.append(exactly(length));
                line();
                if (length == 0) {
                    return body.toString();
                }
            }
        }
        int at = head.indexOf("\r\nContent-Length: ");
        return at < 0 ? "" : exactly(Integer.parseInt(head.substring(at + 18, head.indexOf("\r\n", at + 2))));
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("end in the middle of an answer");
            }
            if (b != '\r') {
                line.append((char) b);
            }
        }
        return line.toString();
    }

    private String exactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new IOException("end in the middle of an answer");
        }
        return new String(bytes, ISO_8859_1);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
