// Models behind Go's net/http, as somebody writes it who knows both Go and ONNX Runtime: sessions are made once,
// each request runs in the goroutine that net/http gave it.
//
// Usage: peer -library libonnxruntime.so.1 -models DIR -listen 127.0.0.1:8000
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"path/filepath"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

type tensor struct {
	Name     string    `json:"name"`
	Datatype string    `json:"datatype"`
	Shape    []int64   `json:"shape"`
	Data     []float32 `json:"data"`
}

type inferRequest struct {
	Inputs []tensor `json:"inputs"`
}

type inferResponse struct {
	ModelName string   `json:"model_name"`
	Outputs   []tensor `json:"outputs"`
}

type model struct {
	name        string
	session     *ort.DynamicAdvancedSession
	inputNames  []string
	outputNames []string
}

func names(infos []ort.InputOutputInfo) []string {
	var all []string
	for _, info := range infos {
		all = append(all, info.Name)
	}
	return all
}

func open(file string) (*model, error) {
	inputs, outputs, err := ort.GetInputOutputInfo(file)
	if err != nil {
		return nil, err
	}
	m := &model{
		name:        strings.TrimSuffix(filepath.Base(file), ".onnx"),
		inputNames:  names(inputs),
		outputNames: names(outputs),
	}
	m.session, err = ort.NewDynamicAdvancedSession(file, m.inputNames, m.outputNames, nil)
	return m, err
}

// run answers with JSON. It looks for each input by its name, whatever their order in the request.
func (m *model) run(request *inferRequest) ([]byte, error) {
	inputs := make([]ort.Value, len(m.inputNames))
	defer func() {
		for _, input := range inputs {
			if input != nil {
				input.Destroy()
			}
		}
	}()
	for i, name := range m.inputNames {
		for _, given := range request.Inputs {
			if given.Name != name || inputs[i] != nil {
				continue
			}
			if given.Datatype != "FP32" {
				return nil, fmt.Errorf("datatype %s is not served", given.Datatype)
			}
			value, err := ort.NewTensor(ort.NewShape(given.Shape...), given.Data)
			if err != nil {
				return nil, err
			}
			inputs[i] = value
		}
		if inputs[i] == nil {
			return nil, fmt.Errorf("input %s is missing", name)
		}
	}
	outputs := make([]ort.Value, len(m.outputNames))
	if err := m.session.Run(inputs, outputs); err != nil {
		return nil, err
	}
	response := inferResponse{ModelName: m.name}
	defer func() {
		for _, output := range outputs {
			output.Destroy()
		}
	}()
	for i, output := range outputs {
		values, ok := output.(*ort.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("output %s is not FP32", m.outputNames[i])
		}
		response.Outputs = append(response.Outputs,
			tensor{Name: m.outputNames[i], Datatype: "FP32", Shape: values.GetShape(), Data: values.GetData()})
	}
	// Before the outputs are destroyed, whose memory the response refers to.
	return json.Marshal(response)
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request inferRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := m.run(&request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(response); err != nil {
		log.Print(err)
	}
}

func main() {
	library := flag.String("library", "", "ONNX Runtime's shared library")
	models := flag.String("models", "", "the directory with NAME.onnx files")
	listen := flag.String("listen", "127.0.0.1:8000", "address and port")
	flag.Parse()

	ort.SetSharedLibraryPath(*library)
	if err := ort.InitializeEnvironment(); err != nil {
		log.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(*models, "*.onnx"))
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, file := range files {
		m, err := open(file)
		if err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		mux.Handle("/v2/models/"+m.name+"/infer", m)
	}
	log.Fatal(http.ListenAndServe(*listen, mux))
}
