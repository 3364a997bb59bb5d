package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// failure has one of the protocol's six types. Every other error is told as JobFailed.
type failure struct{ kind, message string }

func (f failure) Error() string { return f.message }

type members map[string]any // an object of JSON
type artifact struct {
	Location struct{ PathLocation struct{ Path string } }
}

type Job struct {
	Protocol, Type, JobID string
	Workspace             struct{ Root, Tmp string }
	Data                  struct {
		ActionConfiguration             struct{ Configuration map[string]string }
		InputArtifacts, OutputArtifacts []artifact
	}
}

func (job *Job) path(a artifact) string {
	return filepath.Join(job.Workspace.Root, a.Location.PathLocation.Path)
}

var (
	wire    = os.Stdout    // for messages
	jobs    sync.WaitGroup // all in flight
	cancels sync.Map       // jobId to the function that cancels the job
	status  atomic.Int32   // of the exit
)

func main() {
	os.Stdout = os.Stderr // so that whatever prints, prints into the log
	if in, err := os.Stdin.Stat(); err == nil && in.Mode()&os.ModeCharDevice != 0 && os.Getenv("PENSTOCK_PROTOCOL") == "" {
		fmt.Println("A pipeline host starts this plugin. To try it: penstock conformance run FOLDER")
		os.Exit(64)
	}
	// SIGTERM cancels all jobs, and so does SIGPIPE, which says that nobody reads the messages.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGPIPE)
	messages := make(chan *Job)
	go read(messages)
	for open := true; open; {
		var message *Job
		select {
		case <-ctx.Done():
			open = false
		case message, open = <-messages:
			take(ctx, message)
		}
	}
	jobs.Wait()
	os.Exit(int(status.Load()))
}

// read passes on what the host sends, until no more comes.
func read(messages chan<- *Job) {
	defer close(messages)
	for decoder := json.NewDecoder(os.Stdin); ; {
		message := new(Job)
		err := decoder.Decode(message)
		if err == io.EOF {
			return
		}
		isJob := message.Type == "job"
		if message.Protocol != "penstock/1" || message.Type == "" || isJob && (err != nil || message.JobID == "") {
			fmt.Println("Standard input holds something else than a job:", err)
			status.Store(65)
			return
		}
		messages <- message
	}
}

// take acts on a message. A newer host may send types that are unknown here, which mean nothing.
func take(ctx context.Context, message *Job) {
	switch {
	case message == nil: // no more comes
	case message.Type == "job":
		ctx, cancel := context.WithCancel(ctx)
		cancels.Store(message.JobID, cancel)
		jobs.Add(1)
		go func() {
			message.serve(ctx)
			cancels.Delete(message.JobID)
			cancel()
			jobs.Done()
		}()
	case message.Type == "cancel":
		if cancel, known := cancels.Load(message.JobID); known {
			cancel.(context.CancelFunc)()
		}
	}
}

func (job *Job) serve(ctx context.Context) {
	defer func() {
		if fault := recover(); fault != nil {
			debug.PrintStack()
			job.fail(fmt.Errorf("the plugin has a fault: %v", fault))
		}
	}()
	result, err := work(ctx, job)
	if err == nil {
		job.send("jobSuccessResult", result)
		return
	}
	select {
	case <-ctx.Done():
		job.send("jobAbandonedResult", members{})
	case <-time.After(time.Second / 10): // SIGTERM may have ended a child before we know of it
		job.fail(err)
	}
}

func (job *Job) fail(err error) {
	details := failure{"JobFailed", fmt.Sprintf("%.5000s", err)}
	errors.As(err, &details)
	job.send("jobFailureResult", members{"failureDetails": members{"type": details.kind, "message": details.message}})
}

func (job *Job) progress(summary string, percent int) {
	job.send("progress", members{"executionDetails": members{"summary": summary, "percentComplete": percent}})
}

// send writes a message all at once, so that those of other jobs do not mix with it.
func (job *Job) send(kind string, message members) {
	message["protocol"], message["type"], message["jobId"] = "penstock/1", kind, job.JobID
	if err := json.NewEncoder(wire).Encode(message); err != nil {
		fmt.Println("A message could not be sent:", err)
		status.Store(74)
	}
}
