// client_golang/prometheus/push with its default format, protobuf, and with text. Run by scripts/interop.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"sort"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	"github.com/prometheus/common/expfmt"
)

var gateway = os.Args[1]

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func samples() []string {
	answer, err := http.Get(gateway + "/metrics")
	must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(err)
	lines := []string{}
	for _, line := range strings.Split(string(body), "\n") {
		if strings.HasPrefix(line, "go_test_") {
			lines = append(lines, line)
		}
	}
	sort.Strings(lines)
	return lines
}

func expect(what string, lines ...string) {
	sort.Strings(lines)
	if found := samples(); !reflect.DeepEqual(found, lines) && len(found)+len(lines) > 0 {
		panic(fmt.Sprintf("%s: expected\n%s\nfound\n%s", what, strings.Join(lines, "\n"), strings.Join(found, "\n")))
	}
}

func pusher(format expfmt.Format) *push.Pusher {
	return push.New(gateway, "go/job").Grouping("instance", "a/b c+d").Grouping("empty", "").Grouping("zone", "ü").Format(format)
}

func main() {
	const labels = `empty="",instance="a/b c+d",job="go/job",`
	for _, format := range []expfmt.Format{expfmt.FmtProtoDelim, expfmt.FmtText} {
		counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "go_test_jobs_total", Help: "Jobs."}, []string{"queue"})
		counter.WithLabelValues("a\"b\\c\nd").Add(3)
		latency := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "go_test_seconds", Help: "Time.", Buckets: []float64{0.5, 2}})
		latency.Observe(1)
		gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "go_test_queue", Help: "Queue."})
		gauge.Set(-2.5)

		must(pusher(format).Collector(counter).Collector(latency).Push())
		pushed := []string{
			`go_test_jobs_total{` + labels + `queue="a\"b\\c\nd",zone="ü"} 3`,
			`go_test_seconds_bucket{` + labels + `zone="ü",le="0.5"} 0`,
			`go_test_seconds_bucket{` + labels + `zone="ü",le="2"} 1`,
			`go_test_seconds_bucket{` + labels + `zone="ü",le="+Inf"} 1`,
			`go_test_seconds_sum{` + labels + `zone="ü"} 1`,
			`go_test_seconds_count{` + labels + `zone="ü"} 1`,
		}
		expect("Push", pushed...)
		queue := `go_test_queue{` + labels + `zone="ü"} -2.5`
		must(pusher(format).Collector(gauge).Add())
		expect("Add", append(append([]string{}, pushed...), queue)...)
		must(pusher(format).Collector(gauge).Push())
		expect("Push replaces", queue)
		must(pusher(format).Delete())
		expect("Delete")
	}
}
