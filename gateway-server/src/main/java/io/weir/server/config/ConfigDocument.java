package io.weir.server.config;

import java.util.stream.Collectors;

/** {@code docs/CONFIG.md} and the table of limits in the README, written from the option table. Any thread. */
final class ConfigDocument {
    /** A file with a bit of everything, for the document; it is checked like any other. */
    static final String EXAMPLE =
            """
            web:
              listen-address: [127.0.0.1:9091, "[::1]:9091"]
              enable-lifecycle: true

            auth:
              tokens:                      # token-file instead of token keeps the key out of this file
                - {name: lambda, token: 2b9c3f6ae1d84507, scopes: [push]}
                - {name: prometheus, token: 91d0c5e27fa84b36, scopes: [scrape]}
                - {name: oncall, token: e7a4418d0c5b92f3, scopes: [push, scrape, delete, admin]}

            storage:
              path: /var/lib/weir

            series:
              max: 2000000
              ttl: 1h

            aggregation:
              gauge: sum
              rules:                       # for gauge and for ttl each, the first rule that matches and sets it wins
                - {match: "queue_*", gauge: max, ttl: 10m}
                - {match: "*_temperature_celsius", gauge: last}
                - {match: "build_info", ttl: off}

            influx:
              database-label: db
              rules:                       # first match wins; a field without a rule is a gauge that is set
                - {measurement: http, field: requests, as: counter}
                - {measurement: http, field: "*_seconds", as: histogram, buckets: [0.01, 0.1, 1, 10]}

            remote-write:                  # a list for several receivers, or the keys of one
              - url: https://prometheus.example/api/v1/write
                username: weir
                password-file: /run/secrets/prometheus
              - url: https://mimir.example/api/v1/push
                interval: 30s
                bearer-token-file: /run/secrets/mimir
                headers: ["X-Scope-OrgID: team-a"]

            limits:
              body: 32MiB
              connections: 2000

            log.format: json               # dots work as nesting and in the key
            """;

    private static final String HEAD =
            """
            # Configuration

            Written from the option table by the build; a test fails when the two differ. To write it anew:
            `mvn -pl gateway-server -am test -Dtest=ConfigDocumentTest -Dsurefire.failIfNoSpecifiedTests=false -Dweir.docs=write`

            ## Where options come from

            Every option is a flag, an environment variable and a key of the YAML file given with `--config.file`.
            A flag beats the environment, the environment beats the file, the file beats the default.
            `weir config print` shows what holds and where it comes from, with secrets masked;
            `weir check config FILE` checks a file without starting anything.

            | | form |
            |---|---|
            | flag | `--log.level=warn` or `--log.level warn`; booleans `--web.enable-lifecycle` and `--no-web.enable-lifecycle`; lists by repeating the flag |
            | environment | `WEIR_LOG_LEVEL=warn`; lists separated by commas or line feeds (headers by line feeds only); an empty variable is the same as none |
            | file | `log: {level: warn}` or `log.level: warn`; lists as YAML lists or as one value |
            | duration | `500ms`, `15s`, `5m`, `1h30m`, `7d` |
            | size | `4096`, `64KiB`, `16MiB`, `1GiB` (1024), `64kB`, `16MB`, `1GB` (1000); `64k`, `16m`, `1g` count by 1024 |
            | address | `127.0.0.1:9091`, `:9091` for every address of the machine, `[::1]:9091`; port 0 takes a free one |

            A lower source is replaced as a whole: lists do not add up across sources. An unknown option is an error wherever it
            stands, also an unknown `WEIR_` variable (those that Kubernetes and Docker make for a service called `weir` are left alone). `scripts/run` itself reads
            `WEIR_JAVA_HOME` (the JDK to use) and `WEIR_JAVA_OPTS` (more JVM flags).

            ## Exit codes

            | code | meaning |
            |---|---|
            | 0 | stopped when asked to (SIGTERM, SIGINT, `POST /-/quit`) |
            | 1 | failure |
            | 2 | bad flag or environment variable |
            | 69 | cannot listen on an address |
            | 73 | data directory unusable |
            | 78 | bad configuration file; every problem with line and column |

            ## A file with a bit of everything

            ```yaml
            """;

    private static final String STRUCTURES =
            """
            ```

            Only a file can hold these:

            | key | what it is |
            |---|---|
            | `aggregation.rules` | list of `match` (metric name, `*` for any run of characters), `gauge` (`sum`, `last`, `min`, `max`) and `ttl` (duration or `off`) |
            | `influx.rules` | list of `measurement` and `field` (names with `*`; left out: any), `as` (`gauge`, `counter`, `histogram`) and, for a histogram, `buckets` (rising numbers) |
            | `auth.tokens` | list of `name`, `token` or `token-file` (read again when it changes), and `scopes` (`push`, `scrape`, `delete`, `admin`, `drain`); sent as `Authorization: Bearer TOKEN`, as `Token TOKEN`, or as the password of the user `name` |
            | `remote-write` as a list | receivers, each with the keys of the remote_write options. A flag or variable overrides the same key in each of them; `remote-write.url` from flag or environment replaces the list |

            The file is YAML 1.2 in UTF-8: at most 1 MiB, 16 levels, 100 aliases, one document; tags mean nothing.

            """;

    private ConfigDocument() {}

    static String render() {
        StringBuilder text = new StringBuilder(HEAD).append(EXAMPLE).append(STRUCTURES).append("## Options\n");
        for (Option.Group group : Option.Group.values()) {
            text.append("\n### ").append(group.title()).append("\n\n");
            if (group == Option.Group.LIMITS) {
                text.append("All of them always hold; what exceeds one is refused by its name and counted. ")
                        .append("The limit of live series is `series.max`.\n\n")
                        .append(limits());
            } else {
                options(text, group);
            }
        }
        return text.toString();
    }

    /** The table that also stands in the README. */
    static String limits() {
        return "| limit | default | of what |\n|---|---|---|\n"
                + Options.all().stream()
                        .filter(option -> option.group() == Option.Group.LIMITS || option == Options.SERIES_MAX)
                        .map(option -> row(option.name(), code(option.initial()), option.help()))
                        .collect(Collectors.joining());
    }

    private static void options(StringBuilder text, Option.Group group) {
        text.append("| option | value | default | |\n|---|---|---|---|\n");
        for (Option option : Options.all()) {
            if (option.group() == group) {
                String help = option.help()
                        + (option.repeatable() ? "; a list" : "")
                        + (option.aliases().isEmpty() ? "" : "; also `" + String.join("`, `", option.aliases()) + "`");
                text.append(row(
                        option.name(), code(option.placeholder().replace("|", "\\|")), code(option.initial()), help));
            }
        }
    }

    private static String row(String name, String... cells) {
        return "| `" + name + "` | " + String.join(" | ", cells) + " |\n";
    }

    private static String code(String text) {
        return text.isEmpty() ? "" : "`" + text + "`";
    }
}
