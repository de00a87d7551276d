package io.weir.bench.compare;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A server that takes part. In command and files {@code {port}}, {@code {port2}}, {@code {data}}, {@code {corpus}} and
 * {@code {sink}} stand for what a run gives it.
 *
 * @param name in the table
 * @param command program and arguments
 * @param environment more variables
 * @param ready path that answers 2xx as soon as it works
 * @param doors method and path by kind of body: single, hundred, lines, patch, load, resident
 * @param scrape path, or null when there is nothing to scrape
 * @param setup requests before anything else
 * @param file name and text of one file in its directory, or null
 * @param needsSink whether it forwards
 * @param warmSeconds load before anything is measured
 */
record Gateway(
        String name,
        List<String> command,
        Map<String, String> environment,
        String ready,
        Map<String, String> doors,
        String scrape,
        List<String> setup,
        String[] file,
        boolean needsSink,
        int warmSeconds) {
    private static final int WARM_NATIVE = 3;

    /** Those of this machine, by name: Weir on each JDK named, then the peers found. */
    static Map<String, Gateway> found(Path root, Map<String, String> jdks, int warmSeconds) {
        Map<String, Gateway> all = new TreeMap<>();
        jdks.forEach((major, home) -> add(all, new Gateway(
                "weir-" + major,
                List.of(root.resolve("scripts/run").toString(), "--web.listen-address=127.0.0.1:{port}",
                        "--storage.path={data}/journal", "--limits.body=256MiB", "--log.level=error"),
                Map.of("WEIR_JAVA_HOME", home),
                "/-/ready",
                Map.of("single", "POST /metrics", "hundred", "POST /metrics", "lines", "POST /write", "load", "POST /metrics",
                        "resident", "POST /metrics",
                        "patch", "PATCH /metrics/http_requests_total?method=GET&instance=edge-001"),
                "/metrics", List.of(), null, false, warmSeconds)));
        Map<String, String> victoria = Map.of("single", "POST /api/v1/import/prometheus",
                "hundred", "POST /api/v1/import/prometheus", "lines", "POST /write");
        program("vmagent").ifPresent(path -> add(all, new Gateway("vmagent",
                List.of(path, "-httpListenAddr=127.0.0.1:{port}", "-remoteWrite.url=http://127.0.0.1:{sink}/",
                        "-remoteWrite.tmpDataPath={data}", "-loggerLevel=ERROR"),
                Map.of(), "/health", victoria, null, List.of(), null, true, WARM_NATIVE)));
        program("victoria-metrics").ifPresent(path -> {
            Map<String, String> doors = new TreeMap<>(victoria);
            doors.put("load", "POST /api/v1/import/prometheus");
            doors.put("resident", "POST /api/v1/import/prometheus");
            add(all, new Gateway("victoria-metrics",
                    List.of(path, "-httpListenAddr=127.0.0.1:{port}", "-storageDataPath={data}", "-loggerLevel=ERROR"),
                    Map.of(), "/health", doors, "/federate?match[]=%7B__name__!%3D%22%22%7D", List.of(), null, false,
                    WARM_NATIVE));
        });
        program("prometheus-pushgateway", "pushgateway").ifPresent(path -> add(all, new Gateway("pushgateway",
                List.of(path, "--web.listen-address=127.0.0.1:{port}", "--persistence.file=", "--log.level=error"),
                Map.of(), "/-/ready",
                Map.of("single", "POST /metrics/job/x", "hundred", "POST /metrics/job/x", "load", "POST /metrics/job/x",
                        "resident", "POST /metrics/job/resident"),
                "/metrics", List.of(), null, false, WARM_NATIVE)));
        program("influxd").ifPresent(path -> add(all, new Gateway("influxdb",
                List.of(path, "run", "-config", "{data}/influx.conf"),
                Map.of(), "/ping", Map.of("lines", "POST /write?db=bench"), null,
                List.of("POST /query?q=CREATE%20DATABASE%20bench"),
                new String[] {"influx.conf", """
                        bind-address = "127.0.0.1:{port2}"
                        reporting-disabled = true
                        [meta]
                          dir = "{data}/meta"
                        [data]
                          dir = "{data}/data"
                          wal-dir = "{data}/wal"
                          index-version = "inmem"
                          max-series-per-database = 0
                          max-values-per-tag = 0
                          query-log-enabled = false
                        [http]
                          bind-address = "127.0.0.1:{port}"
                          log-enabled = false
                          max-body-size = 0
                        [logging]
                          level = "error"
                          suppress-logo = true
                        [monitor]
                          store-enabled = false
                        """},
                false, WARM_NATIVE)));
        program("nginx").ifPresent(path -> add(all, new Gateway("nginx",
                List.of(path, "-p", "{data}", "-c", "{data}/nginx.conf"),
                Map.of(), "/ok", Map.of("single", "POST /post", "hundred", "POST /post", "lines", "POST /post"),
                "/million.txt", List.of(),
                new String[] {"nginx.conf", """
                        daemon off;
                        worker_processes 1;
                        pid {data}/nginx.pid;
                        error_log {data}/error.log crit;
                        events { worker_connections 10000; }
                        http {
                          access_log off; keepalive_requests 100000000; client_max_body_size 0; client_body_buffer_size 2m;
                          client_body_temp_path {data}/t1; proxy_temp_path {data}/t2; fastcgi_temp_path {data}/t3;
                          uwsgi_temp_path {data}/t4; scgi_temp_path {data}/t5;
                          sendfile on; gzip on; gzip_types text/plain; gzip_comp_level 1;
                          server { listen 127.0.0.1:{port} backlog=4096; root {corpus}; default_type text/plain;
                            location = /ok { return 200 ok; } location /post { return 202; } location / { } }
                        }
                        """},
                false, WARM_NATIVE)));
        return all;
    }

    private static void add(Map<String, Gateway> all, Gateway gateway) {
        all.put(gateway.name, gateway);
    }

    /** A program of {@code PATH} or of the system's directories. */
    static Optional<String> program(String... names) {
        List<String> directories = new ArrayList<>(List.of(System.getenv().getOrDefault("PATH", "").split(":")));
        directories.addAll(List.of("/usr/sbin", "/usr/local/sbin", "/sbin"));
        for (String name : names) {
            for (String directory : directories) {
                Path path = Path.of(directory, name);
                if (!directory.isEmpty() && Files.isExecutable(path)) {
                    return Optional.of(path.toString());
                }
            }
        }
        return Optional.empty();
    }
}
