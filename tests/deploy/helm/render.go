// SPDX-License-Identifier: MIT OR Apache-2.0

// Renders a Helm chart as `helm template task-worker CHART --namespace production -f FILE...` does, for the functions and
// objects that the chart uses; a value that does not exist is an error. Usage: render CHART [FILE...]
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

// The keys of Chart.yaml that the chart uses (helm.sh/docs, "Charts"); others are refused.
type chart struct {
	APIVersion  string `yaml:"apiVersion"`
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Type        string `yaml:"type"`
	Version     string `yaml:"version"`
	AppVersion  string `yaml:"appVersion"`
	KubeVersion string `yaml:"kubeVersion"`
}

type values = map[string]interface{}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readYAML(file string, into interface{}) {
	text, err := os.ReadFile(file)
	check(err)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		check(fmt.Errorf("%s: %w", file, err))
	}
}

// merge puts the values of more into those of into: maps key by key, null removes a key, and all else replaces it.
func merge(into, more values) {
	for key, value := range more {
		former, wasMap := into[key].(values)
		if now, isMap := value.(values); isMap && wasMap {
			merge(former, now)
		} else if value == nil {
			delete(into, key)
		} else {
			into[key] = value
		}
	}
}

func functions(all *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data interface{}) (string, error) {
			var out strings.Builder
			err := all.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		"toYaml": func(value interface{}) (string, error) {
			text, err := yaml.Marshal(value)
			return strings.TrimSuffix(string(text), "\n"), err
		},
		"required": func(message string, value interface{}) (interface{}, error) {
			if value == nil || value == "" {
				return nil, fmt.Errorf("%s", message)
			}
			return value, nil
		},
	}
}

func main() {
	folder := os.Args[1]
	var about chart
	readYAML(filepath.Join(folder, "Chart.yaml"), &about)
	given := values{}
	for _, file := range append([]string{filepath.Join(folder, "values.yaml")}, os.Args[2:]...) {
		more := values{}
		readYAML(file, &more)
		merge(given, more)
	}
	data := values{
		"Values":  given,
		"Chart":   about,
		"Release": values{"Name": "task-worker", "Namespace": "production", "Service": "Helm"},
	}
	all := template.New("chart").Option("missingkey=error").Funcs(sprig.TxtFuncMap())
	all.Funcs(functions(all))
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		_, err = all.New(filepath.Base(file)).Parse(string(text))
		check(err)
	}
	for _, file := range files {
		var out strings.Builder
		if filepath.Ext(file) != ".yaml" {
			continue
		}
		check(all.ExecuteTemplate(&out, filepath.Base(file), data))
		if strings.TrimSpace(out.String()) != "" {
			fmt.Printf("---\n# %s\n%s\n", filepath.Base(file), strings.Trim(out.String(), "\n"))
		}
	}
}
