package io.weir.server.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A real reverse proxy on a loopback port in front of a gateway, with its files in a directory of the test's. It logs what it
 * forwards, one line for each request: {@code status|method}; the status is that of the gateway, and none when the gateway was
 * not asked.
 */
final class ProxyProcess implements AutoCloseable {
    /** A program and how it is set up. */
    enum Kind {
        /** As a site has it that only says {@code proxy_pass}: HTTP/1.0 and one connection for each request. */
        NGINX("nginx", "", ""),
        /** Connections to the gateway are shared, bodies are passed on as they come, odd names of fields too. */
        NGINX_SHARED("nginx", "ignore_invalid_headers off; underscores_in_headers on;",
                "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_request_buffering off;"),
        HAPROXY("haproxy", "", ""),
        /** Lets through what it would refuse. */
        HAPROXY_LENIENT("haproxy", "option accept-invalid-http-request", "");

        private final String program;
        private final String front;
        private final String back;

        Kind(String program, String front, String back) {
            this.program = program;
            this.front = front;
            this.back = back;
        }

        /** The program, or null. */
        Path binary() {
            String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin";
            for (String dir : path.split(":")) {
                Path binary = Path.of(dir, program);
                if (!dir.isEmpty() && Files.isExecutable(binary)) {
                    return binary;
                }
            }
            return null;
        }
    }

    private static final String NGINX = """
            daemon off;
            master_process off;
            pid DIR/pid;
            error_log DIR/errors warn;
            events {}
            http {
                client_body_temp_path DIR/body;
                proxy_temp_path DIR/proxy;
                fastcgi_temp_path DIR/fastcgi;
                uwsgi_temp_path DIR/uwsgi;
                scgi_temp_path DIR/scgi;
                log_format forwarded '$upstream_status|$request_method';
                access_log DIR/forwarded forwarded;
                client_header_timeout 1s;
                client_body_timeout 1s;
                lingering_time 1s;
                lingering_timeout 100ms;
                upstream gateway { server 127.0.0.1:GATEWAY max_fails=0; keepalive 1; }
                server {
                    listen 127.0.0.1:PORT;
                    FRONT
                    location / {
                        proxy_pass http://gateway;
                        proxy_next_upstream off;
                        BACK
                    }
                }
            }
            """;

    private static final String HAPROXY = """
            global
                log stdout format raw local0
            defaults
                mode http
                log global
                timeout connect 2s
                timeout client 1s
                timeout server 5s
                timeout http-request 1s
                retries 0
                http-reuse always
            frontend here
                bind 127.0.0.1:PORT
                FRONT
                log-format "%[var(txn.gateway)]|%HM"
                default_backend gateway
            backend gateway
                BACK
                http-response set-var(txn.gateway) status
                server weir 127.0.0.1:GATEWAY maxconn 1
            """;

    private final Process process;
    private final Path log;
    private final InetSocketAddress address;
    private int seen;

    ProxyProcess(Kind kind, int gateway, Path directory) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        boolean nginx = kind.program.equals("nginx");
        Path configuration = Files.writeString(directory.resolve("configuration"), (nginx ? NGINX : HAPROXY).replace("DIR", directory.toString())
                .replace("PORT", "" + port)
                .replace("GATEWAY", "" + gateway)
                .replace("FRONT", kind.front)
                .replace("BACK", kind.back));
        log = directory.resolve("forwarded");
        List<String> command = nginx
                ? List.of(kind.binary().toString(), "-e", directory.resolve("errors").toString(), "-c", configuration.toString())
                : List.of(kind.binary().toString(), "-db", "-f", configuration.toString());
        process = new ProcessBuilder(command)
                .redirectError(directory.resolve("errors").toFile())
                .redirectOutput((nginx ? directory.resolve("output") : log).toFile())
                .start();
        RunningWeir.await(kind + " listens, see " + directory, () -> {
            try (Socket socket = new Socket(address.getAddress(), port)) {
                return true;
            } catch (IOException notYet) {
                return false;
            }
        });
    }

    InetSocketAddress address() {
        return address;
    }

    /** Status and method of what has been logged since the last call, without what was not forwarded. */
    List<String[]> forwarded() {
        try {
            String all = Files.exists(log) ? Files.readString(log, ISO_8859_1) : "";
            int end = all.lastIndexOf('\n') + 1;
            List<String[]> lines = new ArrayList<>();
            for (String line : all.substring(seen, end).split("\n")) {
                String[] parts = line.split("\\|", 2);
                if (parts.length == 2 && parts[0].matches("[0-9]{3}")) {
                    lines.add(parts);
                }
            }
            seen = end;
            return lines;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
