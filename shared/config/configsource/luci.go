package configsource

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/config"
)

const (
	getConfigPath = "/prpc/config.service.v2.Configs/GetConfig"
	// jsonPrefix is the line that pRPC writes before JSON, so that no browser
	// runs it as a script.
	jsonPrefix = ")]}'"
	codeHeader = "X-Prpc-Grpc-Code"
	notFound   = "5" // gRPC's code
)

// luci is a LUCI Config service, called over pRPC with JSON.
type luci struct {
	options   Options
	base      string // https://HOST
	configSet string // services/ID
}

var configSet = regexp.MustCompile(`^services/[A-Za-z0-9_.-]+$`)

func openLUCI(address *url.URL, options Options) (Source, error) {
	set := strings.Trim(address.Path, "/")
	if address.Host == "" || !configSet.MatchString(set) || address.RawQuery != "" || address.User != nil {
		return nil, fmt.Errorf("the configuration source %q must be luci-config://HOST/services/ID", address.Redacted())
	}
	scheme := "https"
	if isLocal(address.Hostname()) {
		scheme = "http"
	}
	client := *options.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	options.Client = &client
	return &luci{options: options, base: scheme + "://" + address.Host, configSet: set}, nil
}

func (l *luci) Close() error { return nil }

// Read gets one file after the other; all must be at the same revision.
func (l *luci) Read(ctx context.Context) (config.Files, error) {
	found, err := l.read(ctx)
	if err != nil {
		return config.Files{}, fmt.Errorf("read the configuration from %s of %s: %w", l.configSet, l.base, err)
	}
	return found, nil
}

func (l *luci) read(ctx context.Context) (config.Files, error) {
	token, err := l.token(ctx)
	if err != nil {
		return config.Files{}, err
	}
	first, revision := "", "" // the first file found, and its revision
	found, err := collect(func(name string) ([]byte, error) {
		answer, err := l.getConfig(ctx, token, name)
		if failure.Is(err, failure.NotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", name, err)
		}
		if answer.Revision == "" {
			return nil, failure.New(failure.Permanent, "get %s: the answer has no revision", name)
		}
		content, err := l.content(ctx, answer)
		if err != nil {
			return nil, fmt.Errorf("get %s at revision %s: %w", name, answer.Revision, err)
		}
		if first == "" {
			first, revision = name, answer.Revision
		}
		if answer.Revision != revision { // the service has not imported all files yet
			return nil, failure.New(failure.Permanent,
				"%s is at revision %s, but %s is at revision %s; nothing is imported until they are the same",
				first, revision, name, answer.Revision)
		}
		return content, nil
	})
	if err != nil {
		return config.Files{}, err
	}
	if first == "" {
		return config.Files{}, failure.New(failure.Permanent, "there is neither %s nor %s, or no right to read them", config.TemplatesFile, config.ManagersFile)
	}
	return files(revision, found), nil
}

// token returns the ID token for the service; "" for a service on this machine.
func (l *luci) token(ctx context.Context) (string, error) {
	if !strings.HasPrefix(l.base, "https://") {
		return "", nil
	}
	ctx, cancel := l.options.limit(ctx)
	defer cancel()
	return l.options.Token(ctx, l.base)
}

// luciConfig holds those fields of config.service.v2.Config that are used.
type luciConfig struct {
	Revision      string `json:"revision"`
	RawContent    []byte `json:"rawContent"`
	SignedURL     string `json:"signedUrl"`
	ContentSHA256 string `json:"contentSha256"`
}

func (l *luci) getConfig(ctx context.Context, token, name string) (luciConfig, error) {
	body, err := json.Marshal(map[string]string{"configSet": l.configSet, "path": name})
	if err != nil {
		return luciConfig{}, err
	}
	ctx, cancel := l.options.limit(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+getConfigPath, bytes.NewReader(body))
	if err != nil {
		return luciConfig{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// base64 needs a third more, and the other fields have some room.
	answer, err := l.do(request, "the answer", maxFileBytes/3*4+1<<16)
	if err != nil {
		return luciConfig{}, err
	}
	return decodeAnswer(answer)
}

func decodeAnswer(answer []byte) (luciConfig, error) {
	text, ok := bytes.CutPrefix(answer, []byte(jsonPrefix))
	if !ok {
		return luciConfig{}, failure.New(failure.Permanent, "the answer does not begin with %s, so it is not of pRPC", jsonPrefix)
	}
	var read luciConfig
	if err := json.Unmarshal(text, &read); err != nil {
		var encoding base64.CorruptInputError
		if errors.As(err, &encoding) {
			return luciConfig{}, failure.New(failure.Permanent, "rawContent is not base64: %w", err)
		}
		return luciConfig{}, failure.New(failure.Permanent, "the answer is not the JSON of a Config: %w", err)
	}
	return read, nil
}

// content returns the file's content, from the answer itself or from its signed
// URL.
func (l *luci) content(ctx context.Context, answer luciConfig) ([]byte, error) {
	content := answer.RawContent
	if answer.SignedURL != "" {
		var err error
		if content, err = l.download(ctx, answer.SignedURL); err != nil {
			return nil, fmt.Errorf("download from its signed URL: %w", err)
		}
	}
	if len(content) > maxFileBytes {
		return nil, failure.New(failure.Permanent, "it has more than %d bytes, which is the limit", maxFileBytes)
	}
	if sum := sha256.Sum256(content); answer.ContentSHA256 != "" && !strings.EqualFold(answer.ContentSHA256, hex.EncodeToString(sum[:])) {
		return nil, failure.New(failure.Transient, "the content is not the one whose SHA-256 is %s", answer.ContentSHA256)
	}
	if content == nil {
		content = []byte{} // the file exists and is empty
	}
	return content, nil
}

// download gets a signed URL. The URL itself grants access, so no token is sent
// with it, and it is kept out of errors.
func (l *luci) download(ctx context.Context, signed string) ([]byte, error) {
	parsed, err := url.Parse(signed)
	if err != nil || !(parsed.Scheme == "https" || parsed.Scheme == "http" && isLocal(parsed.Hostname())) {
		return nil, failure.New(failure.Permanent, "it is not an https URL")
	}
	ctx, cancel := l.options.limit(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, signed, nil)
	if err != nil {
		return nil, failure.New(failure.Permanent, "it cannot be asked for")
	}
	return l.do(request, "the file", maxFileBytes)
}

// do sends a request and reads the whole response.
func (l *luci) do(request *http.Request, what string, limit int64) ([]byte, error) {
	response, err := l.options.Client.Do(request)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return nil, &failure.Error{Class: failure.Transient, Err: err}
	}
	defer func() { _ = response.Body.Close() }() // it was only read from
	code := response.Header.Get(codeHeader)
	if response.StatusCode == http.StatusOK && (code == "" || code == "0") {
		return bounded(response.Body, what, limit)
	}
	class := failure.OfHTTP(max(response.StatusCode, http.StatusBadRequest), "")
	if code == notFound {
		class = failure.NotFound
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 300)) // as far as it comes
	return nil, failure.New(class, "the service answered %s %s", response.Status, strings.TrimSpace(string(text)))
}
