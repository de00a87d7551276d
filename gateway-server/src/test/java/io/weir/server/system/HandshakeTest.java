package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.weir.server.LeakGuard;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Handshakes that are many, are not ended, or are no handshakes. */
@ExtendWith(LeakGuard.class)
@Timeout(120)
class HandshakeTest {
    private static final byte[] GET = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(UTF_8);

    private static X509Bundle ca;
    private static SSLContext context;

    @TempDir
    private Path directory;

    @BeforeAll
    static void makeAuthority() throws Exception {
        ca = new CertificateBuilder().setIsCertificateAuthority(true).subject("CN=ca").ecp256().buildSelfSigned();
        context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {ca.toTrustManager()}, null);
    }

    @BeforeEach
    void writeFiles() throws Exception {
        X509Bundle server = new CertificateBuilder().subject("CN=a").addSanIpAddress("127.0.0.1").ecp256().buildIssuedBy(ca);
        Files.writeString(directory.resolve("server.crt"), server.getCertificatePathPEM());
        Files.writeString(directory.resolve("server.key"), server.getPrivateKeyPEM());
        Files.writeString(directory.resolve("web.yml"),
                "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n");
    }

    private RunningWeir start(String... flags) {
        List<String> all = new ArrayList<>(List.of(flags));
        all.add("--web.config.file=" + directory.resolve("web.yml"));
        return new RunningWeir(all.toArray(String[]::new));
    }

    private static SSLSocket connect(RunningWeir weir) throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", weir.port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static String healthy(Socket socket) throws IOException {
        socket.getOutputStream().write(GET);
        return new String(socket.getInputStream().readNBytes(12), UTF_8);
    }

    /** What a client begins with. */
    private static byte[] clientHello() throws IOException {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), hello);
        byte[] bytes = new byte[hello.position()];
        hello.flip().get(bytes);
        return bytes;
    }

    private static Socket begin(RunningWeir weir) throws IOException {
        Socket socket = new Socket("127.0.0.1", weir.port());
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(clientHello());
        assertThat(socket.getInputStream().read()).as("a handshake record, or an end").isIn(22, -1);
        return socket;
    }

    /** The own metrics over TLS, by a connection that is there already. */
    private static double own(SSLSocket socket, String series) throws IOException {
        socket.getOutputStream().write("GET /-/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
        return RunningWeir.valueIn(new String(socket.getInputStream().readAllBytes(), ISO_8859_1), series);
    }

    @Test
    void shouldServeTwoHundredClientsThatComeAtOnceAndThoseThatAreThere() throws Exception {
        try (RunningWeir weir = start("--limits.tls-handshakes=20"); SSLSocket there = connect(weir); SSLSocket last = connect(weir)) {
            assertThat(healthy(there)).isEqualTo("HTTP/1.1 200");
            last.startHandshake();
            ExecutorService threads = Executors.newFixedThreadPool(50);
            List<Callable<String>> clients = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                clients.add(() -> {
                    try (SSLSocket socket = connect(weir)) {
                        return healthy(socket);
                    }
                });
            }
            List<Future<String>> answers = threads.invokeAll(clients);
            threads.shutdown();
            there.getInputStream().skipNBytes(there.getInputStream().available());
            for (Future<String> answer : answers) {
                assertThat(answer.get()).isEqualTo("HTTP/1.1 200");
            }
            assertThat(own(last, "weir_tls_handshakes")).isZero();
        }
    }

    @Test
    void shouldCloseHandshakesThatFindNoPlaceInTimeAndCountThem() throws Exception {
        try (RunningWeir weir = start("--limits.tls-handshakes=2", "--limits.header-time=2s");
                SSLSocket there = connect(weir)) {
            there.startHandshake();
            try (Socket first = begin(weir); Socket second = begin(weir); Socket third = begin(weir)) {
                assertThat(third.getInputStream().read()).as("waited for a second and was closed").isEqualTo(-1);
                assertThat(first.getInputStream().readAllBytes()).as("has its place until its own time is over").isNotEmpty();
                second.getInputStream().readAllBytes();
            }
            try (SSLSocket next = connect(weir)) {
                assertThat(healthy(next)).isEqualTo("HTTP/1.1 200");
            }
            try (SSLSocket asks = connect(weir)) {
                assertThat(own(asks, "weir_connections_rejected_total{reason=\"tls_handshakes\"}")).isEqualTo(1);
            }
        }
    }

    @Test
    void shouldForgetThoseThatGiveUpWaiting() throws Exception {
        try (RunningWeir weir = start("--limits.tls-handshakes=1", "--limits.header-time=4s"); Socket holder = begin(weir)) {
            for (int i = 0; i < 50; i++) {
                try (Socket socket = new Socket("127.0.0.1", weir.port())) {
                    socket.getOutputStream().write(clientHello());
                }
            }
            holder.close();
            try (SSLSocket next = connect(weir)) {
                assertThat(healthy(next)).isEqualTo("HTTP/1.1 200");
            }
            try (SSLSocket asks = connect(weir)) {
                assertThat(own(asks, "weir_connections_rejected_total{reason=\"tls_handshakes\"}")).isZero();
            }
        }
    }

    @Test
    void shouldOfferNoProtocols() throws Exception {
        try (RunningWeir weir = start(); SSLSocket socket = connect(weir)) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            assertThat(socket.getApplicationProtocol()).isEmpty();
            assertThat(healthy(socket)).isEqualTo("HTTP/1.1 200");
        }
    }

    /** A first message of 16 MiB, as its head says, in records of 16 KiB. */
    @Test
    void shouldNotTakeAFirstMessageOfAnyLength() throws Exception {
        try (RunningWeir weir = start(); Socket socket = new Socket("127.0.0.1", weir.port())) {
            byte[] record = new byte[5 + (16 << 10)];
            ByteBuffer.wrap(record).put(new byte[] {22, 3, 1, 64, 0});
            byte[] first = record.clone();
            ByteBuffer.wrap(first).position(5).put(new byte[] {1, (byte) 255, (byte) 255, (byte) 255, 3, 3});
            assertThatThrownBy(() -> {
                socket.getOutputStream().write(first);
                for (int sent = 0; sent < 16 << 20; sent += record.length) {
                    socket.getOutputStream().write(record);
                }
            }).as("refused before it is whole").isInstanceOf(IOException.class);
            try (SSLSocket next = connect(weir)) {
                assertThat(healthy(next)).isEqualTo("HTTP/1.1 200");
            }
        }
    }
}
